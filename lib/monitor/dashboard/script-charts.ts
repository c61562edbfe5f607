/** What the page knows of figures and of lines that move. It runs in browsers. */
export const CHARTS = `
// --- Figures

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

function formatBytes(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return (Number.isInteger(value) ? value : value.toFixed(1)) + ' ' + UNITS[unit];
}

function formatCount(value) {
  return Math.round(value).toLocaleString('en-US');
}

function formatShare(value) {
  return (100 * value).toFixed(value > 0 && value < 0.1 ? 1 : 0) + ' %';
}

function formatMs(value) {
  if (value === 0) return '0 ms';
  return (value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2)) + ' ms';
}

function formatSeconds(seconds) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return Math.floor(hours / 24) + ' days';
  if (hours >= 1) return hours + ' h ' + (minutes % 60) + ' min';
  return minutes >= 1 ? minutes + ' min ' + Math.floor(seconds % 60) + ' s' : Math.floor(seconds) + ' s';
}

// --- Elements

const SVG = 'http://www.w3.org/2000/svg';

/** Content is text, whatever is in it: names come from the program that is watched. */
function make(tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  return element;
}

function makeSvg(tag, className) {
  const element = document.createElementNS(SVG, tag);
  if (className) element.setAttribute('class', className);
  return element;
}

function setText(element, content) {
  if (element.textContent !== content) element.textContent = content;
}

// --- Charts

/** How many frames are kept, and how many a chart has room for at first. */
const HISTORY = 300;
const ROOM = 60;
const WIDTH = 300;
const HEIGHT = 84;
const TOP = 4;

/**
 * Lines over the last frames, the first of them as an area.
 *
 * series: [{ name, style, format }]
 */
function makeChart(label, series) {
  const element = make('div');
  const svg = makeSvg('svg', 'chart');
  svg.setAttribute('viewBox', '0 0 ' + WIDTH + ' ' + HEIGHT);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  const ground = makeSvg('path', 'ground');
  ground.setAttribute('d', 'M0 ' + HEIGHT + 'H' + WIDTH);
  svg.append(ground);
  const area = makeSvg('path', 'area ' + series[0].style);
  svg.append(area);
  const lines = series.map(function (each) {
    const line = makeSvg('path', each.style);
    svg.append(line);
    return line;
  });
  const cursor = makeSvg('path', 'cursor');
  svg.append(cursor);
  const scale = make('div', 'scale');
  const from = make('span');
  const highest = make('span');
  const to = make('span', '', 'now');
  scale.append(from, highest, to);
  const keys = make('ul', 'keys');
  const entries = series.map(function (each) {
    const entry = make('li', each.style);
    keys.append(entry);
    return entry;
  });
  element.append(svg, scale, keys);

  /** Each a time, and a value for each series; no values where the connection was lost. */
  const history = [];
  /** Where a pointer is, as a share of the width. */
  let pointer = null;

  /** The width in frames. */
  function span() {
    return Math.max(ROOM, history.length) - 1;
  }

  function x(i) {
    return WIDTH - ((history.length - 1 - i) * WIDTH) / span();
  }

  function draw() {
    const largest = history.reduce(function (max, point) {
      return point.values ? Math.max(max, ...point.values) : max;
    }, 0);
    const y = function (value) {
      return largest === 0 ? HEIGHT : HEIGHT - ((HEIGHT - TOP) * value) / largest;
    };
    lines.forEach(function (line, s) {
      let d = '';
      let down = false;
      history.forEach(function (point, i) {
        if (point.values) d += (down ? 'L' : 'M') + x(i).toFixed(1) + ' ' + y(point.values[s]).toFixed(1);
        down = point.values !== null;
      });
      line.setAttribute('d', d);
    });
    area.setAttribute('d', areaOf(y));
    const newest = history.length - 1;
    let shown = newest;
    if (pointer !== null) {
      shown = Math.round(newest - (1 - pointer) * span());
      shown = Math.max(0, Math.min(newest, shown));
      cursor.setAttribute('d', 'M' + x(shown).toFixed(1) + ' 0V' + HEIGHT);
    } else {
      cursor.removeAttribute('d');
    }
    const point = history[shown];
    series.forEach(function (each, s) {
      setText(entries[s], each.name + ' ' + (point && point.values ? each.format(point.values[s]) : 'unknown'));
    });
    setText(highest, 'up to ' + series[0].format(largest));
    setText(from, newest > 0 ? formatSeconds(((history[newest].at - history[0].at) / newest) * span() / 1000) + ' ago' : '');
    setText(to, pointer === null || !point ? 'now' : formatSeconds((history[newest].at - point.at) / 1000) + ' before');
    svg.setAttribute('aria-label', label + ': ' + entries.map(function (entry) { return entry.textContent; }).join(', '));
  }

  /** Below the first line, one piece for each stretch without a gap. */
  function areaOf(y) {
    let d = '';
    let start = -1;
    for (let i = 0; i <= history.length; i++) {
      const values = i < history.length ? history[i].values : null;
      if (values) {
        if (start < 0) {
          start = i;
          d += 'M' + x(i).toFixed(1) + ' ' + HEIGHT;
        }
        d += 'L' + x(i).toFixed(1) + ' ' + y(values[0]).toFixed(1);
      } else if (start >= 0) {
        d += 'L' + x(i - 1).toFixed(1) + ' ' + HEIGHT + 'Z';
        start = -1;
      }
    }
    return d;
  }

  svg.addEventListener('pointermove', function (event) {
    const box = svg.getBoundingClientRect();
    pointer = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    draw();
  });
  svg.addEventListener('pointerleave', function () {
    pointer = null;
    draw();
  });

  return {
    element: element,
    add: function (at, values) {
      // One gap is enough to break the line.
      if (values === null && (history.length === 0 || history[history.length - 1].values === null)) return;
      history.push({ at: at, values: values });
      if (history.length > HISTORY) history.shift();
      draw();
    },
  };
}
`;
