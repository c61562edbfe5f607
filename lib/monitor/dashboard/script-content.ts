/** What the page shows of a frame. It runs in browsers, after script-charts. */
export const CONTENT = `
// --- The process

function makeVital(title, series) {
  const card = make('article', 'card');
  const value = make('p', 'value');
  const chart = makeChart(title, series);
  card.append(make('h3', '', title), value, chart.element);
  document.getElementById('vitals').append(card);
  return {
    add: chart.add,
    say: function (main, more) {
      value.textContent = main + ' ';
      value.append(make('small', '', more));
    },
  };
}

const memory = makeVital('Physical memory of the process', [
  { name: 'all', style: 'a', format: formatBytes },
  { name: 'heap used', style: 'b', format: formatBytes },
  { name: 'outside of the heap', style: 'c', format: formatBytes },
]);
const kinds = makeVital('Outside of the heap, by kind', [
  { name: 'pools', style: 'a', format: formatBytes },
  { name: 'arenas', style: 'b', format: formatBytes },
  { name: 'typed arenas', style: 'c', format: formatBytes },
  { name: 'BumpAlloc', style: 'd', format: formatBytes },
]);
const collections = makeVital('Garbage collection', [
  { name: 'pauses', style: 'd', format: formatMs },
  { name: 'longest', style: 'b', format: formatMs },
]);
const loop = makeVital('Delay of the event loop', [
  { name: 'longest', style: 'b', format: formatMs },
  { name: '99th percentile', style: 'd', format: formatMs },
  { name: 'median', style: 'c', format: formatMs },
]);
const vitals = [memory, kinds, collections, loop];
const processMap = document.getElementById('process-map');
const showProcessMap = makeMap(processMap, processMap.querySelector('.map'));

function showProcess(frame) {
  const about = frame.process;
  setText(
    document.getElementById('process'),
    'process ' + about.pid + ' · Node.js ' + about.version + ' · up ' + formatSeconds(about.uptime)
  );
  document.title = 'offheap · ' + about.pid;
  const bytes = frame.memory;
  memory.add(frame.at, [bytes.rss, bytes.heapUsed, bytes.resident]);
  memory.say(formatBytes(bytes.rss), 'resident');
  const by = frame.kinds;
  kinds.add(frame.at, [by.pool, by.arena, by.typedArena, by.bumpAlloc]);
  kinds.say(
    formatBytes(bytes.resident),
    'resident' + (bytes.limit === null ? '' : ', ' + formatBytes(bytes.charged) + ' of ' + formatBytes(bytes.limit) + ' committed')
  );
  const gc = frame.gc;
  collections.add(frame.at, [gc.total, gc.longest]);
  collections.say(formatMs(gc.total), 'in ' + formatCount(gc.count) + (gc.count === 1 ? ' collection' : ' collections'));
  loop.add(frame.at, [frame.loop.max, frame.loop.p99, frame.loop.median]);
  loop.say(formatMs(frame.loop.p99), 'at the 99th percentile');
  showProcessMap(frame.map);
}

/** Answers a function that shows a map, while it is unfolded: parsed as the XML that it is, where it has changed. */
function makeMap(details, place) {
  let newest = '';
  let shown = '';
  function show() {
    if (!details.open || shown === newest) return;
    shown = newest;
    const picture = new DOMParser().parseFromString(newest, 'image/svg+xml').documentElement;
    place.replaceChildren(document.importNode(picture, true));
  }
  details.addEventListener('toggle', show);
  return function (map) {
    newest = map;
    show();
  };
}

// --- Pools and arenas

function figure(name, format, valueOf, judge) {
  return { name: name, format: format, valueOf: valueOf, judge: judge };
}

function bytesOf(name, key) {
  return figure(name, formatBytes, function (stats) { return stats[key]; });
}

function countOf(name, key, judge) {
  return figure(name, formatCount, function (stats) { return stats[key]; }, judge);
}

function shareOf(name, key) {
  return figure(name, formatShare, function (stats) { return stats[key]; });
}

/** How often a second, from two frames. */
function rateOf(name, key) {
  return figure(name, formatCount, function (stats, before, seconds) {
    return before && seconds > 0 ? Math.max(0, stats[key] - before[key]) / seconds : 0;
  });
}

function warnAboveZero(value) {
  return value > 0 ? 'warn' : '';
}

function badAboveZero(value) {
  return value > 0 ? 'bad' : '';
}

function holding(cached) {
  return [bytesOf('in use', 'live'), bytesOf(cached, 'cached'), bytesOf('resident', 'resident')];
}

const SECTIONS = {
  pools: holding('waiting').concat([
    bytesOf('most ever in use', 'highWaterMark'),
    rateOf('acquired a second', 'acquired'),
    shareOf('hit rate', 'hitRate'),
    shareOf('rounding', 'fragmentation'),
    countOf('buffers in use', 'liveBuffers'),
    countOf('fallbacks', 'fallbacks', warnAboveZero),
    countOf('leaks', 'leaks', badAboveZero),
  ]),
  arenaPools: holding('waiting').concat([
    bytesOf('most by a request', 'highWaterMark'),
    rateOf('requests a second', 'requests'),
    shareOf('hit rate', 'hitRate'),
    countOf('with requests', 'liveArenas'),
    countOf('arenas waiting', 'cachedArenas'),
    countOf('waiting for pins', 'pinned', warnAboveZero),
    countOf('aborted', 'aborted'),
  ]),
  arenas: holding('not in use').concat([
    bytesOf('most ever in use', 'highWaterMark'),
    bytesOf('committed', 'committed'),
    bytesOf('reserved', 'reserved'),
  ]),
};

function makeCard(name, figures) {
  const element = make('article', 'card');
  const list = make('dl');
  const values = figures.map(function (each) {
    const entry = make('div');
    const value = make('dd');
    entry.append(make('dt', '', each.name), value);
    list.append(entry);
    return value;
  });
  const chart = makeChart(name, [
    { name: 'resident', style: 'a', format: formatBytes },
    { name: 'in use', style: 'c', format: formatBytes },
  ]);
  const place = make('div', 'map');
  place.tabIndex = 0;
  place.setAttribute('role', 'group');
  place.setAttribute('aria-label', 'Memory map of ' + name);
  const details = make('details');
  details.open = true;
  details.append(make('summary', '', 'Memory map'), place);
  const showMap = makeMap(details, place);
  const figuresAndChart = make('div');
  figuresAndChart.append(list, chart.element);
  const body = make('div', 'body');
  body.append(figuresAndChart, details);
  element.append(make('h3', '', name), body);
  let before = null;
  return {
    element: element,
    gap: function (at) {
      chart.add(at, null);
      before = null;
    },
    show: function (at, item) {
      const stats = item.stats;
      figures.forEach(function (each, i) {
        const seconds = before ? (at - before.at) / 1000 : 0;
        const value = each.valueOf(stats, before && before.stats, seconds);
        setText(values[i], each.format(value));
        values[i].className = each.judge ? each.judge(value) : '';
      });
      chart.add(at, [stats.resident, stats.live]);
      showMap(item.map);
      before = { at: at, stats: stats };
    },
  };
}

/** Cards by section and name; those of what has gone are taken away. */
const cards = new Map(Object.keys(SECTIONS).map(function (key) { return [key, new Map()]; }));

function showSection(key, at, items) {
  const section = document.getElementById(key);
  const list = section.querySelector('.list');
  const known = cards.get(key);
  const names = new Set(items.map(function (item) { return item.name; }));
  known.forEach(function (card, name) {
    if (!names.has(name)) {
      card.element.remove();
      known.delete(name);
    }
  });
  items.forEach(function (item) {
    let card = known.get(item.name);
    if (!card) {
      card = makeCard(item.name, SECTIONS[key]);
      known.set(item.name, card);
      list.append(card.element);
    }
    card.show(at, item);
  });
  section.hidden = items.length === 0;
}

function showFrame(frame) {
  showProcess(frame);
  let shown = 0;
  Object.keys(SECTIONS).forEach(function (key) {
    showSection(key, frame.at, frame[key]);
    shown += frame[key].length;
  });
  document.getElementById('empty').hidden = shown > 0;
}

/** Where nothing is known, no line is drawn. */
function showGap(at) {
  vitals.forEach(function (each) { each.add(at, null); });
  cards.forEach(function (known) {
    known.forEach(function (card) { card.gap(at); });
  });
}
`;
