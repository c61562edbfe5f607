import { createHash } from 'node:crypto';

import { DEFINITIONS, STYLE as MAP_STYLE } from '../map-style';
import { CHARTS } from './script-charts';
import { CONTENT } from './script-content';
import { STREAM } from './script-stream';
import { STYLE } from './style';

const style = `${STYLE}${MAP_STYLE}`;

/** What runs in the page: one function, so that nothing of it is global. */
export const SCRIPT = `(function () {
'use strict';
${CHARTS}${CONTENT}${STREAM}})();
`;

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** The page's own style and script, its own stream, and nothing else from anywhere. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src ${hashOf(style)}`,
  `script-src ${hashOf(SCRIPT)}`,
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/** The same for everybody; what it shows arrives by the stream. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>offheap</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<svg class="definitions" aria-hidden="true" width="0" height="0">${DEFINITIONS}</svg>
<header>
<h1>offheap</h1>
<p id="process"></p>
<p id="status" class="connecting" role="status">connecting</p>
<button id="pause" type="button" aria-pressed="false">Pause</button>
</header>
<main>
<noscript><p>This page draws what a stream tells it, and needs JavaScript for that.</p></noscript>
<section aria-labelledby="vitals-title">
<h2 id="vitals-title">Process</h2>
<div id="vitals" class="grid"></div>
<details id="process-map"><summary>Memory outside of the heap, by kind</summary><div class="map" tabindex="0" role="group" aria-label="Memory map of the process"></div></details>
</section>
<section id="pools" aria-labelledby="pools-title" hidden><h2 id="pools-title">Buffer pools</h2><div class="list"></div></section>
<section id="arenaPools" aria-labelledby="arena-pools-title" hidden><h2 id="arena-pools-title">Request arenas</h2><div class="list"></div></section>
<section id="arenas" aria-labelledby="arenas-title" hidden><h2 id="arenas-title">Watched arenas</h2><div class="list"></div></section>
<p id="empty" hidden>No pool and no arena yet. A <code>BufferPool</code> and the arenas of requests appear here by themselves, another arena after <code>watch('name', arena)</code>.</p>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
