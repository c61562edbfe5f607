/** Of every memory map, in a document of its own or in a page. */
export const STYLE = `
  .memory-map text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: #57606a; font-variant-numeric: tabular-nums; }
  .memory-map .title { font-size: 16px; font-weight: 600; fill: #1f2328; }
  .memory-map .heading { font-size: 13px; font-weight: 600; fill: #1f2328; }
  .memory-map .name, .memory-map .figure { fill: #1f2328; }
  .memory-map .small { font-size: 11px; }
  .memory-map .paper { fill: #ffffff; }
  .memory-map .reserved { fill: none; stroke: #8c959f; stroke-dasharray: 4 3; }
  .memory-map .committed { fill: #e7ebef; }
  .memory-map .resident, .memory-map .cached { fill: #a9d3fb; }
  .memory-map .live { fill: #0969da; }
  .memory-map .rounding { fill: url(#offheap-hatch); }
  .offheap-hatch-ground { fill: #ffd8b5; }
  .offheap-hatch-line { stroke: #bc4c00; stroke-width: 1.5; }
  .memory-map .most { fill: none; stroke: #1f2328; stroke-width: 2; }
  .memory-map .axis, .memory-map .edge { fill: none; stroke: #8c959f; }
  .memory-map .cut { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    .memory-map text { fill: #9198a1; }
    .memory-map .title, .memory-map .heading, .memory-map .name, .memory-map .figure { fill: #f0f6fc; }
    .memory-map .paper, .memory-map .cut { fill: #0d1117; }
    .memory-map .reserved { stroke: #6e7681; }
    .memory-map .committed { fill: #212830; }
    .memory-map .resident, .memory-map .cached { fill: #1d4a7a; }
    .memory-map .live { fill: #4493f8; }
    .offheap-hatch-ground { fill: #5a2d0c; }
    .offheap-hatch-line { stroke: #f0883e; }
    .memory-map .most { stroke: #f0f6fc; }
    .memory-map .axis, .memory-map .edge { stroke: #6e7681; }
  }
`;

/** What the style refers to. */
export const DEFINITIONS = `<defs><pattern id="offheap-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="offheap-hatch-ground" width="6" height="6"/><path class="offheap-hatch-line" d="M3 0 V6"/></pattern></defs>`;
