/** Of the page, without its memory maps. */
export const STYLE = `
  :root {
    color-scheme: light dark;
    --paper: #f6f8fa; --card: #ffffff; --line: #d8dee4; --ink: #1f2328; --soft: #57606a;
    --a: #0969da; --b: #bc4c00; --c: #1a7f37; --d: #8250df; --bad: #cf222e; --warn: #9a6700;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --paper: #010409; --card: #0d1117; --line: #2a313c; --ink: #f0f6fc; --soft: #9198a1;
      --a: #4493f8; --b: #f0883e; --c: #3fb950; --d: #ab7df8; --bad: #f85149; --warn: #d29922;
    }
  }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 14px/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
  .definitions { position: absolute; }
  header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; padding: 12px 24px; background: var(--card); border-bottom: 1px solid var(--line); position: sticky; top: 0; z-index: 1; }
  h1 { font-size: 18px; margin: 0; }
  header p { margin: 0; color: var(--soft); font-variant-numeric: tabular-nums; }
  #process { flex: 1 1 14em; }
  #status::before { content: ''; display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 7px; background: var(--warn); }
  #status.live::before { background: var(--c); }
  #status.lost { color: var(--bad); font-weight: 600; }
  #status.lost::before { background: var(--bad); }
  button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; padding: 3px 14px; cursor: pointer; }
  button[aria-pressed='true'] { background: var(--a); border-color: var(--a); color: var(--card); }
  :focus-visible { outline: 2px solid var(--a); outline-offset: 2px; }
  main { max-width: 1280px; margin: 0 auto; padding: 8px 24px 48px; }
  h2 { font-size: 15px; margin: 24px 0 10px; }
  .grid { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 12px; }
  .card, details, #empty { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; }
  .card h3 { font-size: 13px; margin: 0; overflow-wrap: anywhere; }
  .list { display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px; }
  .list .card h3 { font-size: 15px; margin-bottom: 8px; }
  .list .body { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 12px 32px; }
  .value { font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; margin: 0; }
  .value small { font-size: 13px; font-weight: 400; color: var(--soft); }
  dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(100px, 1fr)); gap: 8px 16px; margin: 0; }
  dt { color: var(--soft); font-size: 12px; }
  dd { margin: 0; font-size: 16px; font-variant-numeric: tabular-nums; }
  .warn { color: var(--warn); font-weight: 600; }
  .bad { color: var(--bad); font-weight: 600; }
  .keys { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 6px 0 0; padding: 0; list-style: none; color: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
  .keys li::before { content: ''; display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 6px; background: var(--key); }
  .a { --key: var(--a); } .b { --key: var(--b); } .c { --key: var(--c); } .d { --key: var(--d); }
  .chart { display: block; width: 100%; height: 84px; margin-top: 6px; overflow: visible; touch-action: pan-y; }
  .chart path { fill: none; stroke: var(--key); stroke-width: 1.8; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
  .chart .area { stroke: none; fill: var(--key); fill-opacity: 0.18; }
  .chart .ground { stroke: var(--line); stroke-width: 1; }
  .chart .cursor { stroke: var(--soft); stroke-width: 1; }
  .scale { display: flex; justify-content: space-between; color: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
  details { margin-top: 12px; }
  .card details { padding: 0; border: 0; margin: 0; }
  .list .chart { height: 120px; margin-top: 14px; }
  summary { cursor: pointer; color: var(--soft); }
  .map { overflow-x: auto; }
  .map svg { display: block; width: 100%; min-width: 660px; max-width: 800px; height: auto; }
  .memory-map .cut { fill: var(--card); }
  #empty { margin-top: 24px; color: var(--soft); }
  @media (max-width: 1080px) {
    .grid { grid-template-columns: repeat(2, minmax(0, 1fr)); }
    .list .body { grid-template-columns: minmax(0, 1fr); }
  }
  @media (max-width: 620px) {
    header, main { padding-left: 14px; padding-right: 14px; }
    header #process { order: 1; flex-basis: 100%; }
    #status { margin-left: auto; }
    .grid { grid-template-columns: minmax(0, 1fr); }
  }
`;
