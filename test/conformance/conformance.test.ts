import { ALLOCATORS } from './allocators';
import { describeAllocator } from './suite';

for (const [name, factory, traits] of ALLOCATORS) {
  describeAllocator(name, factory, traits);
}
