// Makes the site from docs/ and the doc comments of lib/, by typedoc.config.mjs, and follows every link within it: `npm run docs`.
// It is in build/site then, to be served or opened as it is. A warning of TypeDoc's fails, and so does a link that leads nowhere. Other
// hosts are not asked.
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { check, LinkState } from 'linkinator';
import { Application } from 'typedoc';

const app = await Application.bootstrapWithPlugins({ options: fileURLToPath(new URL('..', import.meta.url)) });
const project = await app.convert();
if (project !== undefined) {
  app.validate(project);
  await app.generateOutputs(project);
}
if (project === undefined || app.logger.hasErrors() || app.logger.hasWarnings()) {
  process.exit(1);
}

const site = app.options.getValue('out');
const pages = readdirSync(site, { recursive: true })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.html'));

const { links } = await check({
  path: pages,
  serverRoot: site,
  linksToSkip: async (link) => !/^http:\/\/localhost:/.test(link),
});
const broken = links
  .filter(({ state }) => state === LinkState.BROKEN)
  .map(({ url, parent, status }) => `${parent} links to ${url}: ${status}`);
broken.push(...brokenAnchors());

if (broken.length > 0) {
  console.error(broken.join('\n'));
  process.exit(1);
}
console.log(`${pages.length} pages, ${links.length} links: ${site}`);

/** linkinator looks for an anchor only where the page that it is on was not read before. */
function brokenAnchors() {
  const texts = new Map(pages.map((page) => [page, readFileSync(`${site}/${page}`, 'utf8')]));
  const anchors = new Map(
    [...texts].map(([page, text]) => [page, new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
  );
  return [...texts].flatMap(([page, text]) =>
    [...text.matchAll(/ href="(?!https?:)([^"#]*)#([^"]+)"/g)]
      .filter(([, path, anchor]) => {
        const target = path === '' ? page : posix.join(posix.dirname(page), decodeURIComponent(path));
        return anchors.get(target)?.has(decodeURIComponent(anchor)) === false;
      })
      .map(([, path, anchor]) => `${page} links to ${path}#${anchor}, which is not there`),
  );
}
