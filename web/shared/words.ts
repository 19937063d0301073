// The city's words for states, stages and what happened to a case.

import { signal } from "@preact/signals";
import { inLanguage, language, moment, t, type Name } from "./texts";

type Words = Record<string, Name>;

export const STATES: Words = {
  reported: { zh: "已上报", en: "reported" }, accepted: { zh: "已受理", en: "accepted" },
  verifying: { zh: "待核实", en: "being verified" },
  filed: { zh: "已立案", en: "filed" }, dispatched: { zh: "已派遣", en: "dispatched" },
  handling: { zh: "处置中", en: "being handled" }, handled: { zh: "已处置待核查", en: "handled" },
  inspecting: { zh: "核查通过待结案", en: "inspected" }, returned: { zh: "已退回", en: "returned" },
  reworked: { zh: "返工", en: "to be reworked" }, closed: { zh: "已结案", en: "closed" },
  rejected: { zh: "不予受理", en: "rejected" }, voided: { zh: "已作废", en: "voided" },
  first_level: { zh: "首办单位办理", en: "with the first level" }, at_district: { zh: "区直部门办理", en: "with a district department" },
  at_city: { zh: "市直部门办理", en: "with a city department" }, at_centre: { zh: "市中心协调", en: "with the city's centre" },
  whistled: { zh: "已吹哨待签收", en: "summoned" }, answering: { zh: "已签收待联系", en: "summons signed for" },
  arriving: { zh: "已联系待到场", en: "on the way" }, on_site: { zh: "已到场办理", en: "on the spot" },
  self_handled: { zh: "自办待审核", en: "solved by the member" }, solved: { zh: "已办理待结案", en: "solved" },
  archived: { zh: "自办归档", en: "archived" }, supplementing: { zh: "待补正材料", en: "papers are missing" },
  answered: { zh: "已答复待回访", en: "answered" },
};
export const STAGES: Words = {
  accept: { zh: "受理", en: "acceptance" }, verify: { zh: "核实", en: "verification" }, dispatch: { zh: "派遣", en: "dispatch" },
  handle: { zh: "处置", en: "handling" }, inspect: { zh: "核查", en: "inspection" }, close: { zh: "结案", en: "closing" },
  first: { zh: "首办", en: "first level" }, district: { zh: "区直部门", en: "district department" }, city: { zh: "市直部门", en: "city department" },
  centre: { zh: "市中心", en: "city's centre" }, sign: { zh: "吹哨签收", en: "signing the summons" }, contact: { zh: "吹哨联系", en: "contact" },
  arrive: { zh: "部门到场", en: "arrival" }, joint: { zh: "到场办理", en: "work on the spot" }, check: { zh: "自办审核", en: "check of what the member solved" },
  supplement: { zh: "补正", en: "papers" }, answer: { zh: "回访", en: "question afterwards" },
};
export const ACTIONS: Words = {};
export const MARKS: Words = {};
export const LINES: Words = {
  urban_management: { zh: "城市管理", en: "Urban management" }, social_governance: { zh: "社会治理", en: "Social governance" },
  public_service: { zh: "公共服务", en: "Public service" },
};
export const EVENTS: Words = {
  opened: { zh: "立案建档", en: "opened" }, attached: { zh: "并入上报", en: "report attached" },
  accepted: { zh: "受理", en: "accepted" }, rejected: { zh: "不予受理", en: "rejected" },
  "verification-requested": { zh: "发核实", en: "sent for verification" },
  "verified-true": { zh: "核实属实", en: "verified as true" }, "verified-untrue": { zh: "核实不属实", en: "verified as untrue" },
  filed: { zh: "立案", en: "filed" }, dispatched: { zh: "派遣", en: "dispatched" },
  returned: { zh: "退回", en: "returned" }, "returned-to-acceptor": { zh: "退回受理", en: "returned to the acceptor" },
  adjudicated: { zh: "裁定派遣", en: "adjudicated" }, started: { zh: "开始处置", en: "started" },
  handled: { zh: "处置反馈", en: "feedback given" }, "inspection-passed": { zh: "核查通过", en: "inspection passed" },
  "inspection-failed": { zh: "核查不通过", en: "inspection failed" }, closed: { zh: "结案", en: "closed" },
  signed: { zh: "签收", en: "signed for" }, supervised: { zh: "督办", en: "under supervision" },
  instructed: { zh: "批示", en: "instructed" }, "escalated-past": { zh: "越级上报", en: "escalated past a level" },
  withdrawn: { zh: "撤回派遣", en: "withdrawn" }, "force-closed": { zh: "强制结案", en: "closed by force" },
  reopened: { zh: "重新办理", en: "reopened" }, "called-back": { zh: "回访", en: "called back" },
  appealed: { zh: "申诉", en: "appealed" }, "appeal-approved": { zh: "同意申诉", en: "appeal approved" },
  "appeal-refused": { zh: "驳回申诉", en: "appeal refused" },
  "extension-requested": { zh: "申请延期", en: "extension asked for" }, "extension-approved": { zh: "同意延期", en: "extension approved" },
  "extension-refused": { zh: "不同意延期", en: "extension refused" },
  voided: { zh: "作废", en: "voided" }, urged: { zh: "催办", en: "urged" }, relocated: { zh: "更正位置", en: "relocated" },
  reclassified: { zh: "更正类别", en: "reclassified" }, remapped: { zh: "随新网格调整", en: "moved with a new map" }, reminded: { zh: "到期提醒", en: "reminded" },
  "deadline-recomputed": { zh: "按新日历重算时限", en: "deadline by a newer calendar" },
  "passed-up": { zh: "逐级上报", en: "passed up" }, "self-handled": { zh: "自行处置", en: "solved by the member" },
  solved: { zh: "办结反馈", en: "solved" }, whistled: { zh: "吹哨", en: "departments summoned" }, contacted: { zh: "联系吹哨方", en: "contact made" },
  arrived: { zh: "到场报到", en: "arrived" }, "sent-on": { zh: "转办", en: "sent on" }, promised: { zh: "承诺时间", en: "promised" },
  "documents-requested": { zh: "要求补正材料", en: "papers asked for" }, "documents-added": { zh: "补正材料", en: "papers added" },
  migrated: { zh: "转入新版流程", en: "moved to another version of the workflow" },
  overdue: { zh: "超期", en: "overdue" }, escalated: { zh: "逐级上报", en: "escalated" },
};
export const SOURCES: Words = {
  member: { zh: "网格员", en: "grid member" }, public: { zh: "公众", en: "public" }, hotline: { zh: "热线", en: "hotline" },
  sensor: { zh: "传感器", en: "sensor" }, camera: { zh: "摄像头", en: "camera" }, department: { zh: "部门", en: "department" },
  leader: { zh: "领导交办", en: "leader" },
};
export const ROLES: Words = {
  reporter: { zh: "上报人", en: "reporter" }, member: { zh: "网格员", en: "grid member" }, acceptor: { zh: "受理员", en: "acceptor" },
  dispatcher: { zh: "派遣员", en: "dispatcher" }, handler: { zh: "处置单位", en: "handler" }, supervisor: { zh: "督查员", en: "supervisor" },
  auditor: { zh: "审计员", en: "auditor" }, admin: { zh: "管理员", en: "administrator" }, gateway: { zh: "接入系统", en: "gateway" },
};

const UNITS: Words = {
  urgent_hours: { zh: "紧急工作时", en: "urgent hours" }, working_hours: { zh: "工作时", en: "working hours" },
  working_days: { zh: "工作日", en: "working days" }, natural_days: { zh: "日", en: "days" },
};

const learned = signal(0);

/** Takes the words of a city's own definitions; what is known here already stays. */
export function learn(found: Record<"states" | "stages" | "actions" | "marks" | "events", Words>): void {
  const tables = { states: STATES, stages: STAGES, actions: ACTIONS, marks: MARKS, events: EVENTS };
  for (const [name, words] of Object.entries(found)) {
    const table = tables[name as keyof typeof tables];
    for (const [key, said] of Object.entries(words)) table[key] ??= said;
  }
  learned.value += 1;
}

export function word(table: Words, key: string): string {
  // Read, so that what is on the page is said anew once more words are known.
  void learned.value;
  return inLanguage(table[key], key);
}

/** "wangge.case.inspection-passed.v1" as people say it. */
export const eventWord = (type: string): string =>
  word(EVENTS, type.replace(/^wangge\.case\./, "").replace(/\.v\d+$/, ""));

/** A limit as the standard's table writes it ("4 工作时"); its unit in the reader's language. */
export function limitText(limit: string, clock: string): string {
  if (clock === "until") return t("untilMoment", { at: moment(limit) });
  const amount = /^[\d.]+/.exec(limit)?.[0];
  if (language.value === "zh" || !amount || !UNITS[clock]) return limit;
  const unit = word(UNITS, clock);
  return `${amount} ${amount === "1" ? unit.replace(/s$/, "") : unit}`;
}
