// What programs do with Buffers: by streams, compression, sockets and other processes. Prints what came out of each, for two
// runs of it to be compared, and whether Buffers are routed.
import { execFile, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buffer, text } from 'node:stream/consumers';
import { promisify, TextDecoder, TextEncoder } from 'node:util';
import zlib from 'node:zlib';

import common from './common.cjs';

const sha = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'offheap-global-'));
const input = path.join(folder, 'input.txt');
const lines = Array.from({ length: 40_000 }, (_, i) => `${i} ${sha(String(i))} äöü€😀 ${'x'.repeat(i % 50)}\n`);
fs.writeFileSync(input, lines.join(''));
const bytes = fs.readFileSync(input);

const uses = {
  async files() {
    const copy = path.join(folder, 'copy.txt');
    await pipeline(fs.createReadStream(input), fs.createWriteStream(copy));
    await fs.promises.appendFile(copy, bytes.subarray(0, 12_345));
    const parts = [];
    for await (const part of fs.createReadStream(copy, { highWaterMark: 3000, start: 77 })) {
      parts.push(part);
    }
    const handle = await fs.promises.open(copy);
    const { buffer: start, bytesRead } = await handle.read();
    await handle.close();
    return [
      sha(fs.readFileSync(copy)),
      sha(Buffer.concat(parts)),
      parts.length,
      bytesRead,
      sha(start.subarray(0, bytesRead)),
    ];
  },

  async compression() {
    const gzip = zlib.gunzipSync(zlib.gzipSync(bytes));
    const brotli = await promisify(zlib.brotliDecompress)(
      await promisify(zlib.brotliCompress)(bytes.subarray(0, 200_000)),
    );
    const through = new PassThrough();
    const round = buffer(
      fs.createReadStream(input).pipe(zlib.createDeflate()).pipe(zlib.createInflate()).pipe(through),
    );
    return [sha(gzip), sha(brotli), sha(await round)];
  },

  cryptography() {
    const key = crypto.scryptSync('password', 'salt', 32);
    const cipher = crypto.createCipheriv('aes-256-gcm', key, Buffer.alloc(12, 3));
    const secret = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const decipher = crypto.createDecipheriv('aes-256-gcm', key, Buffer.alloc(12, 3)).setAuthTag(cipher.getAuthTag());
    const open = Buffer.concat([decipher.update(secret), decipher.final()]);
    const random = [crypto.randomBytes(1000), crypto.randomFillSync(Buffer.allocUnsafe(1000))];
    return [
      sha(secret),
      sha(open),
      random.map((each) => new Set(each).size > 100),
      crypto.createHmac('sha1', key).update(bytes).digest('base64'),
    ];
  },

  async http() {
    const server = http.createServer((request, response) => {
      if (request.url === '/echo') {
        request.pipe(response);
      } else {
        response.setHeader('content-encoding', 'gzip');
        fs.createReadStream(input).pipe(zlib.createGzip()).pipe(response);
      }
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${server.address().port}`;
    const answers = await Promise.all(
      Array.from({ length: 4 }, async (_, i) => {
        const body = bytes.subarray(i * 1000);
        const request = http.request(`${url}/echo`, { method: 'POST' });
        request.end(body);
        const [response] = await once(request, 'response');
        const fetched = await globalThis.fetch(`${url}/echo`, { method: 'POST', body: body.subarray(0, 300_000) });
        return [sha(await buffer(response)), sha(new Uint8Array(await fetched.arrayBuffer()))];
      }),
    );
    const compressed = await globalThis.fetch(`${url}/file`);
    answers.push(sha(await compressed.text()));
    server.close();
    server.closeAllConnections();
    return answers;
  },

  async sockets() {
    const server = net.createServer((socket) => socket.pipe(socket));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const socket = net.connect(server.address().port, '127.0.0.1');
    const received = buffer(socket);
    socket.end(bytes);
    const digest = sha(await received);
    server.close();
    return digest;
  },

  async processes() {
    const code = `process.stdin.pipe(process.stdout)`;
    const child = spawn(process.execPath, ['-e', code]);
    const output = buffer(child.stdout);
    child.stdin.end(bytes);
    // Not by -p: Node 22 loses what is long there.
    const print = `process.stdout.write('€'.repeat(100000))`;
    const whole = await promisify(execFile)(process.execPath, ['-e', print], { encoding: 'buffer' });
    return [sha(await output), sha(whole.stdout)];
  },

  async texts() {
    const decoder = new TextDecoder();
    let decoded = '';
    for await (const part of fs.createReadStream(input, { highWaterMark: 1001 })) {
      decoded += decoder.decode(part, { stream: true });
    }
    const streamed = await text(fs.createReadStream(input, { highWaterMark: 997 }));
    const found = [];
    for await (const line of readline.createInterface({ input: fs.createReadStream(input), crlfDelay: Infinity })) {
      found.push(line);
    }
    return [
      sha(decoded),
      sha(streamed),
      found.length,
      sha(found.join('\n')),
      bytes.toString() === decoded,
      sha(new TextEncoder().encode(decoded)),
    ];
  },

  async transforms() {
    const upper = new Transform({
      transform(part, _encoding, done) {
        done(null, Buffer.concat([part.subarray(1), part.subarray(0, 1)]));
      },
    });
    const web = fs.createReadStream(input).pipe(upper);
    const small = await buffer(web);
    const numbers = Buffer.allocUnsafe(64).fill(1);
    numbers.writeDoubleLE(1.5, 0);
    numbers.writeBigInt64BE(-5n, 8);
    numbers.write('grüße', 16);
    const floats = new Float64Array(numbers.buffer, numbers.byteOffset, 8);
    return [
      sha(small),
      numbers.readDoubleLE(0),
      floats[0],
      String(numbers.readBigInt64BE(8)),
      numbers.toString('utf8', 16, 23),
      numbers.swap16().toString('hex'),
    ];
  },
};

const results = {};
for (const [name, use] of Object.entries(uses)) {
  results[name] = await use();
}
fs.rmSync(folder, { recursive: true });
common.print({ routed: common.isRouted(), results });
