/** What is being done now, on stderr: one line that changes in a terminal, a line for each step elsewhere. */
export const progress = {
  rewrite(text) {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[K${text}`);
    }
  },

  step(text) {
    if (process.stderr.isTTY) {
      this.rewrite(text);
    } else {
      console.error(text);
    }
  },

  /** What is to stay on the screen goes to stdout. */
  line(text) {
    this.clear();
    console.log(text);
  },

  clear() {
    this.rewrite('');
  },
};
