import { inLanguage, moment, shortMoment, t } from "../../shared/texts";
import { STAGES, word } from "../../shared/words";
import type { Deadline } from "../sheet";
import { now } from "../store";
import { layOut, type Piece, type Tick, type TimeLine } from "../timeline";
import { stretchText } from "./stretch";

const WIDTH = 400;
const LEFT = 8;
const RIGHT = 392;
const BAR = 22;
const ROW = 14;
const x = (part: number): number => LEFT + (RIGHT - LEFT) * part;

/** A clock's life drawn on a line. The table beside it says the same to those who cannot see it. */
export function TimeLineView({ clock }: { clock: Deadline }) {
  const line = layOut(clock, now.value);
  if (!line) return null;
  const what = [clock.due_at ? t("due", { at: moment(clock.due_at) }) : t("standing", { at: moment(clock.stopped_at) })];
  if (clock.soon_at) what.unshift(`${t("tick_soon")}: ${moment(clock.soon_at)}`);
  const words = line.ticks.map((tick) => tickText(tick, clock, line));
  const rows = rowsOf(line.ticks.map((tick, n) => (tick.kind === "now" ? null : placeText(tick, words[n] ?? ""))));
  const top = ROW * (Math.max(0, ...rows) + 1) + 8;
  const height = (tick: Tick, n: number): number => (tick.kind === "now" ? top + BAR + 50 : 11 + (rows[n] ?? 0) * ROW);
  const whole = top + BAR + (clock.due_at ? 58 : 40);
  return (
    <>
      <svg class="timeline" viewBox={`0 0 ${WIDTH} ${whole}`} role="img" aria-label={t("lineOf", { stage: word(STAGES, clock.stage), what: what.join("; ") })}>
        <defs>
          <pattern id={`idle-${clock.stage}`} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="idle" d="M0,0 V6" /></pattern>
          <pattern id={`pause-${clock.stage}`} width="5" height="5" patternUnits="userSpaceOnUse"><circle class="pause" cx="2.5" cy="2.5" r="1.2" /></pattern>
        </defs>
        {line.days.map((day, n) => (
          <g key={day.day} class="day">
            <path d={`M${x(day.at)},${top - 6} V${top + BAR + 6}`} />
            {n % Math.ceil(line.days.length / 7) === 0 && <text x={x(day.at)} y={top + BAR + 18} text-anchor={anchorOf(day.at)}>{dayOf(day.day)}</text>}
          </g>
        ))}
        {line.pieces.map((piece) => <PieceView key={piece.began} piece={piece} stage={clock.stage} top={top} />)}
        <rect class="frame" x={LEFT} y={top} width={RIGHT - LEFT} height={BAR} />
        {line.ticks.map((tick, n) => <TickLine key={`${tick.kind}${tick.n}`} tick={tick} y={height(tick, n)} top={top} />)}
        {/* After the lines: that of now may stand where this is written. */}
        <text class="end" x={LEFT} y={top + BAR + 34}>{t("began")} {shortMoment(new Date(line.from).toISOString())}</text>
        {line.ticks.map((tick, n) => <text key={`${tick.kind}${tick.n}`} class={`tick ${tick.kind}`} x={x(tick.at)} y={height(tick, n)} text-anchor={anchorOf(tick.at)}>{words[n]}</text>)}
      </svg>
      <Legend line={line} stage={clock.stage} />
    </>
  );
}

function Legend({ line, stage }: { line: TimeLine; stage: string }) {
  const kinds = (["counted", "idle", "pause"] as const).filter((kind) => line.pieces.some((piece) => piece.kind === kind));
  return (
    <ul class="line-legend" role="list">
      {kinds.map((kind) => (
        <li key={kind}>
          <svg class="timeline" viewBox="0 0 28 16" aria-hidden="true"><rect class={`piece ${kind}`} width="28" height="16" fill={kind === "counted" ? undefined : `url(#${kind}-${stage})`} /><rect class="frame" width="28" height="16" /></svg>{" "}
          {t(`line_${kind}`)}
        </li>
      ))}
    </ul>
  );
}

function PieceView({ piece, stage, top }: { piece: Piece; stage: string; top: number }) {
  const fill = piece.kind === "counted" ? undefined : `url(#${piece.kind}-${stage})`;
  return (
    <rect class={`piece ${piece.kind}`} x={x(piece.from)} y={top} width={Math.max(0.5, x(piece.to) - x(piece.from))} height={BAR} fill={fill}>
      <title>{`${t(`line_${piece.kind}`)}: ${moment(piece.began)} – ${moment(piece.ended)} · ${inLanguage(piece.why ?? undefined, "")}`}</title>
    </rect>
  );
}

function tickText(tick: Tick, clock: Deadline, line: TimeLine): string {
  const late = clock.due_at && tick.moment > Date.parse(clock.due_at);
  if (tick.kind === "now" && late) return `${t("nowLate", { time: stretchText(Date.parse(clock.due_at ?? ""), tick.moment) })}${line.nowBeyond ? " →" : ""}`;
  if (tick.kind === "extended") return t("tick_extended", { n: tick.n });
  return `${t(`tick_${tick.kind}`)} ${tick.kind === "now" ? "" : shortMoment(new Date(tick.moment).toISOString())}`.trim();
}

function TickLine({ tick, y, top }: { tick: Tick; y: number; top: number }) {
  const at = x(tick.at);
  return <path class={`tick ${tick.kind}`} d={tick.kind === "now" ? `M${at},${top - 4} V${y - 10}` : `M${at},${y + 3} V${top + BAR}`} />;
}

interface Placed { from: number; to: number }
const anchorOf = (part: number): "start" | "middle" | "end" => (part > 0.75 ? "end" : part < 0.25 ? "start" : "middle");
const dayOf = (at: number): string => shortMoment(new Date(at).toISOString()).slice(0, 5);

/** About where a text lies: a Chinese sign is as wide as it is high. */
function placeText(tick: Tick, text: string): Placed {
  const width = [...text].reduce((sum, sign) => sum + (sign.charCodeAt(0) > 0x2e80 ? 11.5 : 6.6), 0);
  const at = x(tick.at);
  const from = { start: at, middle: at - width / 2, end: at - width }[anchorOf(tick.at)];
  return { from, to: from + width };
}

/** In which row each text goes, so that none covers another; null takes no room. */
function rowsOf(texts: (Placed | null)[]): number[] {
  const rows: Placed[][] = [];
  return texts.map((text) => {
    if (!text) return 0;
    const free = rows.findIndex((row) => row.every((one) => one.to + 6 < text.from || text.to + 6 < one.from));
    const row = free < 0 ? rows.length : free;
    rows[row] = [...(rows[row] ?? []), text];
    return row;
  });
}
