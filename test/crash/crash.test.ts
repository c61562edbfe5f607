import { describeCases, isFirstHalf } from './run-cases';

describe('no crash, of the first half of the cases', () => {
  describeCases(isFirstHalf);
});
