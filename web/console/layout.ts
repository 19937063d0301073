// Where the boxes and lines of a drawing lie, in pixels. Comes with the drawing, not with the page.

import { Graph, layout as lay } from "@dagrejs/dagre";

export interface Box { code: string; width: number; height: number }
export interface Line { from: string; to: string; width: number; height: number }
export interface Point { x: number; y: number }
export interface Placed { boxes: (Box & Point)[]; lines: (Line & { points: Point[]; label: Point })[]; width: number; height: number }

/** Lays boxes out in layers from top to bottom, with room for the words on each line; `unseen` are lines that only order. */
export function layout(boxes: Box[], lines: Line[], unseen: { from: string; to: string }[] = []): Placed {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "TB", nodesep: 34, ranksep: 40, edgesep: 22, marginx: 12, marginy: 12, ranker: "network-simplex" });
  for (const box of boxes) graph.setNode(box.code, { width: box.width, height: box.height });
  for (const line of lines) graph.setEdge(line.from, line.to, { width: line.width, height: line.height, labelpos: "c" });
  for (const line of unseen) graph.setEdge(line.from, line.to, { width: 0, height: 0, weight: 0 });
  lay(graph);
  const size = graph.graph() as { width: number; height: number };
  const placed = new Map(boxes.map((box) => [box.code, { ...box, ...pointOf(graph.node(box.code)) }]));
  const ends: End[] = [];
  const routed = lines.map((line) => {
    const edge = graph.edge(line.from, line.to) as unknown as Point & { points: Point[] };
    const points = edge.points.map(pointOf);
    const [from, to] = [placed.get(line.from), placed.get(line.to)];
    if (from && to) {
      ends.push({ box: from, point: points[0] as Point, next: points[1] ?? to });
      ends.push({ box: to, point: points.at(-1) as Point, next: points.at(-2) ?? from });
    }
    return { ...line, points, label: pointOf(edge) };
  });
  spread(ends);
  return {
    boxes: [...placed.values()],
    lines: routed,
    width: Math.ceil(size.width),
    height: Math.ceil(size.height),
  };
}

const pointOf = ({ x, y }: { x?: number; y?: number }): Point => ({ x: Math.round((x ?? 0) * 10) / 10, y: Math.round((y ?? 0) * 10) / 10 });

/** The end of a line at a box: `point` is where it leaves, `next` where it goes from there. */
interface End { box: Box & Point; point: Point; next: Point }

/**
 * Moves the ends below or above their boxes, so that no line passes a box beside it, and those of
 * one side apart, in the order in which they go on.
 */
function spread(ends: End[]): void {
  const sides = new Map<string, End[]>();
  for (const end of ends) {
    const below = end.next.y > end.box.y;
    end.point.y = end.box.y + (below ? end.box.height / 2 : -end.box.height / 2);
    const side = `${end.box.code} ${below}`;
    sides.set(side, [...(sides.get(side) ?? []), end]);
  }
  for (const some of sides.values()) {
    some.sort((a, b) => a.next.x - b.next.x);
    some.forEach(({ box, point, next }, n) => {
      const room = box.width / 2 - 10;
      const alone = Math.min(box.x + room, Math.max(box.x - room, next.x));
      point.x = some.length === 1 ? alone : box.x - room + (2 * room * n) / (some.length - 1);
    });
  }
}

/** A line through points as an SVG path; it goes up or down at each, and aside between the layers. */
export function curve(points: Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let drawn = `M${first.x},${first.y}`;
  let before = first;
  for (const point of rest) {
    const middle = (before.y + point.y) / 2;
    drawn += ` C${before.x},${middle} ${point.x},${middle} ${point.x},${point.y}`;
    before = point;
  }
  return drawn;
}

/** About how wide words are in pixels at a size; Chinese signs are as wide as they are high. */
export function widthOf(text: string, size: number): number {
  let width = 0;
  for (const sign of text) width += sign.charCodeAt(0) > 0x2e80 ? size : size * 0.6;
  return Math.ceil(width);
}
