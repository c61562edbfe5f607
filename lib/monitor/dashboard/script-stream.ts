/** How the page hears of frames. It runs in browsers, after script-content. */
export const STREAM = `
// --- The stream

const RETRY_MS = 2000;
/** After how many intervals without a frame the page says so. */
const PATIENCE = 4;

const statusLine = document.getElementById('status');
const pauseButton = document.getElementById('pause');
let paused = false;
let intervalMs = 1000;
let lastFrame = 0;
let lostAt = null;

function say(state, text) {
  statusLine.className = state;
  setText(statusLine, text);
}

function lose(text) {
  if (lostAt === null) {
    lostAt = Date.now();
    showGap(lostAt);
  }
  say('lost', text);
}

/** The page's own address, with whatever else is in its query. */
function streamUrl() {
  const url = new URL(location.href);
  url.hash = '';
  url.searchParams.set('events', '1');
  return url.href;
}

function connect() {
  const source = new EventSource(streamUrl());
  source.onmessage = function (event) {
    const frame = JSON.parse(event.data);
    intervalMs = frame.intervalMs;
    lastFrame = Date.now();
    lostAt = null;
    if (paused) return;
    showFrame(frame);
    say('live', 'live');
  };
  source.onerror = function () {
    lose('connection lost, trying again');
    // A browser tries again by itself after a broken connection, and not after an answer that was no stream.
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(connect, RETRY_MS);
    }
  };
}

/** A process that is busy, or stopped, sends nothing and keeps the connection. */
setInterval(function () {
  if (lostAt === null && lastFrame > 0 && Date.now() - lastFrame > PATIENCE * intervalMs + 1000) {
    lose('no news: the process is busy or stopped');
  }
}, 1000);

pauseButton.addEventListener('click', function () {
  paused = !paused;
  pauseButton.setAttribute('aria-pressed', String(paused));
  pauseButton.textContent = paused ? 'Go on' : 'Pause';
  if (paused) {
    showGap(Date.now());
    say('connecting', 'paused');
  }
});

connect();
`;
