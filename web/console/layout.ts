// Where the boxes and lines of a drawing lie, in pixels. Comes with the drawing, not with the page.

import { Graph, layout as lay } from "@dagrejs/dagre";

export interface Box { code: string; width: number; height: number }
export interface Line { from: string; to: string; width: number; height: number }
export interface Point { x: number; y: number }
export interface Placed { boxes: (Box & Point)[]; lines: (Line & { points: Point[]; label: Point })[]; width: number; height: number }

/** Lays boxes out in layers from top to bottom, with room for the words on each line; `unseen` are lines that only order. */
export function layout(boxes: Box[], lines: Line[], unseen: { from: string; to: string }[] = []): Placed {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "TB", nodesep: 34, ranksep: 26, edgesep: 20, marginx: 12, marginy: 12, ranker: "network-simplex" });
  for (const box of boxes) graph.setNode(box.code, { width: box.width, height: box.height });
  for (const line of lines) graph.setEdge(line.from, line.to, { width: line.width, height: line.height, labelpos: "c" });
  for (const line of unseen) graph.setEdge(line.from, line.to, { width: 0, height: 0, weight: 0 });
  lay(graph);
  const size = graph.graph() as { width: number; height: number };
  return {
    boxes: boxes.map((box) => ({ ...box, ...pointOf(graph.node(box.code)) })),
    lines: lines.map((line) => {
      const edge = graph.edge(line.from, line.to) as unknown as Point & { points: Point[] };
      return { ...line, points: edge.points.map(pointOf), label: pointOf(edge) };
    }),
    width: Math.ceil(size.width),
    height: Math.ceil(size.height),
  };
}

const pointOf = ({ x, y }: { x?: number; y?: number }): Point => ({ x: Math.round((x ?? 0) * 10) / 10, y: Math.round((y ?? 0) * 10) / 10 });

/** A line through points as an SVG path, its corners rounded. */
export function curve(points: Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let drawn = `M${first.x},${first.y}`;
  rest.forEach((point, n) => {
    const next = rest[n + 1];
    if (!next) drawn += ` L${point.x},${point.y}`;
    else drawn += ` Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`;
  });
  return drawn;
}

/** About how wide words are in pixels at a size; Chinese signs are as wide as they are high. */
export function widthOf(text: string, size: number): number {
  let width = 0;
  for (const sign of text) width += sign.charCodeAt(0) > 0x2e80 ? size : size * 0.6;
  return Math.ceil(width);
}
