// Memory as Node.js has it. The garbage collector finds out when a request has no more use for it.

export class Memory {
  /** Bytes with requests; nobody counts them. */
  live = null;

  /** Calls `work` with what the request's memory is taken from, and passes on its promise. */
  forRequest(request, response, work) {
    return work(this);
  }

  buffer(length) {
    return Buffer.allocUnsafe(length);
  }

  array(Type, length) {
    return new Type(length);
  }
}
