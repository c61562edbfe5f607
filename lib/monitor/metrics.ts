import { checkBoolean, checkOptions } from '../arguments';
import { invalidType, invalidValue } from '../errors';
import { type Definition, DEFINITIONS, type Sample, SIZE_CLASS_DEFINITIONS } from './metric-definitions';
import { type Snapshot, takeSnapshot } from './snapshot';

/** What a registry of prom-client does with a metric, besides reading its properties. */
export interface RegisteredMetric {
  /** The metric as it is now. */
  get(): Promise<object>;
  /** Does nothing: what is shown is not counted here. */
  reset(): void;
}

/** A `Registry` of prom-client, such as its `register`, as far as it is needed. */
export interface MetricsRegister {
  /** Enters a metric. */
  registerMetric(metric: RegisteredMetric): void;
  /** The metric of this name, if there is one. */
  getSingleMetric(name: string): unknown;
}

/** What the metrics are called, and how many there are. */
export interface MetricsOptions {
  /** Put in front of every name. Default: none; then the names begin with `offheap_`. */
  prefix?: string;
  /** Also count by size class, which makes four series for each size class that a pool has used. Default: false. */
  sizeClasses?: boolean;
}

/** Of the metrics that are read in the same moment, all show the same one. */
let current: Snapshot | null = null;

function currentSnapshot(): Snapshot {
  if (current === null) {
    current = takeSnapshot();
    // A registry asks all of its metrics in one go, and awaits their answers then.
    queueMicrotask(() => {
      current = null;
    });
  }
  return current;
}

/** A metric that has no value of its own: it looks when it is asked. */
class Metric implements RegisteredMetric {
  /** For OpenMetrics, prom-client takes the ending `_total` from it. */
  name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly #read: Definition['read'];

  constructor(prefix: string, { name, help, type, aggregator, read }: Definition) {
    this.name = prefix + name;
    this.help = help;
    this.type = type;
    this.aggregator = aggregator;
    this.#read = read;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- prom-client awaits it, and an error has to reject
  async get(): Promise<Pick<Metric, 'name' | 'help' | 'type' | 'aggregator'> & { values: Sample[] }> {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.#read(currentSnapshot()) };
  }

  /** What others hold does not change by it. */
  reset(): void {}
}

/**
 * Registers metrics of all pools, request arenas and watched arenas of this thread, of those that are still to come, too, and of the
 * memory of the process: `registerMetrics(promClient.register)`. They are read when they are scraped, and cost nothing between.
 * Where they are registered already, nothing happens.
 *
 * @param register A `Registry` of prom-client 15.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for what is no registry; `ERR_INVALID_ARG_VALUE` for a prefix that cannot begin the name
 * of a metric, and where a metric of somebody else's has one of the names. Then nothing was registered.
 */
export function registerMetrics(register: MetricsRegister, options: MetricsOptions = {}): void {
  const { prefix = '', sizeClasses = false } = checkOptions(options);
  checkBoolean('options.sizeClasses', sizeClasses);
  checkPrefix(prefix);
  checkRegister(register);
  const metrics = [...DEFINITIONS, ...(sizeClasses ? SIZE_CLASS_DEFINITIONS : [])]
    .map((definition) => new Metric(prefix, definition))
    .filter(({ name }) => !isRegistered(register, name));
  for (const metric of metrics) {
    register.registerMetric(metric);
  }
}

/** Whether a metric of ours has this name. */
function isRegistered(register: MetricsRegister, name: string): boolean {
  const other = register.getSingleMetric(name);
  if (other !== undefined && !(other instanceof Metric)) {
    throw invalidValue('register', `it has a metric ${name} that is not offheap's. Set options.prefix`);
  }
  return other !== undefined;
}

function checkPrefix(prefix: unknown): void {
  if (typeof prefix !== 'string') {
    throw invalidType('options.prefix', 'of type string', prefix);
  }
  if (!/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(prefix)) {
    throw invalidValue('options.prefix', `the name of a metric cannot begin with ${JSON.stringify(prefix)}`);
  }
}

function checkRegister(register: unknown): void {
  const { registerMetric, getSingleMetric } = Object(register) as Partial<Record<keyof MetricsRegister, unknown>>;
  if (typeof registerMetric !== 'function' || typeof getSingleMetric !== 'function') {
    throw invalidType('register', 'a Registry of prom-client', register);
  }
}
