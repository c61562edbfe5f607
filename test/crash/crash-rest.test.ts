import { describeCases, isFirstHalf } from './run-cases';

describe('no crash, of the rest', () => {
  describeCases((file) => !isFirstHalf(file));
});
