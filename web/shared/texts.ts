// Every text of the page in both languages. A key that one table lacks does not compile.

import { signal } from "@preact/signals";

export type Language = "zh" | "en";
export type Name = Record<Language, string>;

const en = {
  title: "Wangge", subtitle: "live map", other: "中文", otherLabel: "切换到中文",
  theme_auto: "Theme: as the system", theme_light: "Theme: light", theme_dark: "Theme: dark",
  signOut: "Sign out", signIn: "Sign in", tokenLabel: "Access token",
  tokenHelp: "Your administrator gives it to you. It stays in this tab only and is forgotten when the tab closes.",
  badToken: "This token is not valid here. Ask your administrator for a new one and paste it below.",
  expired: "Your token is not valid any more: it has expired or was revoked. Ask your administrator for a new one and sign in again; your filters are kept.",
  unreachable: "The service cannot be reached. Check the network, then sign in again.",
  signingIn: "Signing in…",
  catching: "Catching up", live: "Live", offline: "Offline, connecting again", polling: "Refreshed every 5 s (no live feed)",
  connection: "Connection", inView: "{n} in view", lateInView: "{n} late",
  toList: "Skip to the list of cases", cases: "Cases", shown: "{n} loaded", more: "more follow", loading: "Loading…",
  none: "No case passes these filters.", noRight: "This role reads no cases. Sign in with another token.", listFailed: "The list cannot be read now; it is tried again by itself.",
  filters: "Filters", district: "District", community: "Community", state: "State", department: "Department", category: "Category",
  lateness: "Lateness", number: "Case number", numberHelp: "begins with", onlyView: "Only what the map shows", clear: "Clear filters",
  every: "All", open: "All not over", anyState: "All, also those over", late: "Late", intime: "In time",
  outsideScope: "A filter of this address is outside your scope: {why} It was removed.",
  map: "Map of the city. Arrow keys move it, plus and minus zoom.", noMap: "The map cannot be drawn here (no WebGL). The list works without it.",
  mapFailed: "Some of the map cannot be loaded now; it is tried again.", zoomIn: "Zoom in", zoomOut: "Zoom out", home: "Show the whole area",
  legend: "Legend", legendLate: "late", legendCluster: "several cases; the red ring: some are late", legendChosen: "the case that is open", legendPart: "city part", legendBuilding: "building, dwelling",
  phase_waiting: "waiting for acceptance", phase_routing: "to be dispatched", phase_handling: "with a department", phase_checking: "to be inspected or closed", phase_over: "over",
  part: "City part", building: "Building", floors: "{n} floors", dwelling: "Dwelling",
  sheet: "Case", close: "Close the case's sheet", gone: "This case is not there, or no longer in your scope.", sheetFailed: "The case cannot be read now: {why}",
  again: "Try again", opened: "Opened", closedAt: "Over since", place: "Place", reports: "Reports", source: "Source", condition: "Condition", version: "Version",
  showOnMap: "Show on the map", duplicate: "Possible duplicate of another case",
  clocks: "Clocks", due: "due {at}", standing: "stands since {at}", limit: "limit {limit}", provisional: "provisional: the holiday notice of that year is not loaded", counted: "counted", paused: "not counted",
  why: "Why this moment", from: "From", to: "To", reason: "Reason",
  links: "Nearby", parts: "Parts", buildings: "Buildings", dwellings: "Dwellings", metres: "{n}\u00a0m", nothing: "none",
  photos: "Photos", photoOf: "Photo {n}, from a {from}", photo_report: "report", photo_feedback: "feedback", photoFailed: "This photo cannot be shown.", openPhoto: "Open photo {n} in full",
  actions: "What can be done now", noActions: "Nothing can be done by this role now.", required: "required", choose: "choose…", send: "{label}", sending: "Sending…",
  lon: "Longitude", lat: "Latitude", fromMap: "Take the middle of the map", uploading: "Sending photos…", done: "Done: {label}",
  clash: "Not done: the case has changed since you began. Look at it again, then decide.", clashLine: "{at} · {who}: {what}, now {state}",
  refused: "Not done: {why}", possible: "Possible now: {what}.", nothingPossible: "Nothing is possible now.",
  page_map: "Map", page_queues: "Queues", page_workflow: "Workflow", page_calendar: "Calendar", pages: "Pages", toPage: "Skip to the content",
  queues: "Queues", noQueues: "This role works no queue.", queueCount: "{n} waiting", queueLate: "{n} late", queueEmpty: "Nothing waits here.", showMore: "Show more", queuesFailed: "The queues cannot be read now; they are read again by themselves.",
  lateness_late: "late", lateness_soon: "soon late", lateness_fine: "in time", lateness_none: "no clock runs", timeLeft: "{time} left", timeOver: "{time} over", days_n: "{n} d", hours_n: "{n} h", minutes_n: "{n} min", shownOf: "{n} of {all} shown",
  untilMoment: "until {at}", chosenMoment: "until the moment chosen", backTo: "{action} → back to where it was", assistants: "Assisting departments", assistDone: "done", assistOpen: "not done yet", mergedInto: "Merged into", merged: "Merged into this one", splitFrom: "Split off from", openCase: "Open this case",
  owner_all: "All", owner_nobody: "Not taken", owner_me: "Mine", owners: "Whose", you: "you",
  marks: "Marks", markCount: "{mark}: {n}", markWho: "{mark}: {who}", extendedTimes: "extended {n} times", extendedOnce: "extended once", pausedTimes: "paused {n} times", pausedOnce: "paused once", pausedNow: "stands now",
  lineOf: "Time line of {stage}: {what}", line_counted: "counted", line_idle: "not counted", line_pause: "the clock stood", tick_soon: "80 %", tick_due: "due", tick_now: "now", tick_extended: "limit {n} over", tick_stopped: "stands", nowLate: "now, {time} over", began: "began",
  field_required: "is required", field_confirm: "must be confirmed", fieldWrong: "{field}: {reason}", chooseMany: "One or more",
  workflow: "Workflow definition", definition: "Definition", drawing: "Drawing of {name}", drawingHelp: "A box is a state, with the stage it is in; a double border is the end.", pathOf: "The way of case {number}", noPath: "This role does not read histories; only the present state is shown.", pickCase: "Open a case to see its way here.", pathBegan: "began", onWorkflow: "Show its way in the workflow",
  exits: "Possible from many states", exitLine: "{action} → {to}", stagesOf: "Stages", stageLimit: "Limit", byCondition: "by the filing condition", states: "States", steps: "Steps", current: "now here", drawingFailed: "The definition cannot be read now: {why}", stay: "Actions that do not change the state", whoMay: "Who",
  calendar: "Working calendar", year: "Year", earlier: "Earlier year", later: "Later year", day_rest: "holiday", "day_make-up": "make-up workday", day_weekend: "weekend", day_workday: "workday", badge_rest: "off", "badge_make-up": "work", dayProvisional: "provisional",
  provisionalYear: "No holiday notice is loaded for these days: weekdays less the statutory holidays are reckoned with.", hoursOf: "Working hours", fromTo: "{from} to {to}", holidays: "Holidays and make-up workdays", today: "today", calendarFailed: "The calendar cannot be read now: {why}", settledUntil: "settled from {from} to {to}", version_n: "version {n}", isCurrent: "new clocks run by it", rule_sliding: "A working day is 8 working hours.", "rule_end-of-day": "A working day ends with the day's hours.", noHours: "no working hours",
  similar: "Likely duplicates", noSimilar: "No other open case near by looks like this one.", similarFailed: "The likely duplicates cannot be read now.", answered: "{answer}: {who}, {at}", answer_same: "the same", answer_different: "different",
  contacts: "Whom to call", contactsNoted: "Each view is kept with your account and purpose.", purpose: "Purpose", purpose_call_back: "call back", purpose_verify: "verify", purpose_dispute: "dispute", purpose_other: "other (say why)", contactsShow: "Show in part", contactsFull: "Show in full", contactsWhy: "Choose a purpose; for another one say why.", contactsFailed: "The contacts cannot be shown: {why}", contactsWithheld: "{n} confidential, shown to acceptors only", confidential: "confidential", noContact: "no contact", contactUnreadable: "cannot be read with this installation's key",
  pick: "Choose case {number}", picked: ", chosen", pickAll: "All shown", pickFirst: "The first {n}", pickedBar: "Chosen cases", pickedCount: "{n} chosen", pickMost: "No more than {n} go together.", pickClear: "Clear", together: "Act on all…",
  togetherTitle: "{n} cases together", togetherClose: "Close what is done together", togetherReading: "Reading what is possible: {n} of {all}", togetherLost: "Cannot be read now and is left out: {what}.", togetherActions: "What can be done with all", togetherNone: "There is nothing that can be done with all of them.", togetherPartly: "Not possible with all of them: {what}.", partly: "{action} ({n} of {all})", partlyOther: "{action} (differs from case to case)",
  togetherDone: "{label}: {done} done, {refused} not done.", togetherKept: "Those that were not done stay chosen.", doneCases: "Done: {n}", notDoneCases: "Not done", chosenCases: "Chosen cases", leaveOut: "Leave out case {number}",
  handOver: "Hand over the desk", handOverSay: "At a change of shifts another acceptor takes over all open cases that you took, in every queue. Those that nobody took stay in the pool.", handOverCount: "Your open cases: {n}", handOverNone: "You have taken no open case. There is nothing to hand over.", handOverTo: "Account of the acceptor who takes over", handOverWhy: "Reason", handOverFailed: "Your cases cannot be read now: {why}", handOverMore: "There are more: hand over again to go on.", close_dialog: "Close",
  history: "History", noHistory: "This role does not read histories.", moreHistory: "Show later entries", who: "by {who}", hash: "seal {hash}",
} as const;

export type Text = keyof typeof en;

const zh: Record<Text, string> = {
  title: "网格", subtitle: "实时地图", other: "English", otherLabel: "Switch to English",
  theme_auto: "主题：跟随系统", theme_light: "主题：浅色", theme_dark: "主题：深色",
  signOut: "退出", signIn: "进入", tokenLabel: "访问令牌",
  tokenHelp: "由管理员发放。只保存在本标签页，关闭即清除。",
  badToken: "此令牌在这里无效。请向管理员申请新的令牌，粘贴到下面。",
  expired: "您的令牌已失效：已过期或已被撤销。请向管理员申请新的令牌后重新进入；筛选条件会保留。",
  unreachable: "无法连接服务。请检查网络后重新进入。",
  signingIn: "正在进入…",
  catching: "正在补齐", live: "实时", offline: "离线，正在重连", polling: "每 5 秒刷新（此角色无实时流）",
  connection: "连接状态", inView: "视野内 {n} 件", lateInView: "超期 {n} 件",
  toList: "跳到案件列表", cases: "案件", shown: "已载入 {n} 件", more: "还有更多", loading: "正在载入…",
  none: "没有符合筛选条件的案件。", noRight: "此角色不能查看案件。请用其他令牌进入。", listFailed: "暂时无法读取列表，将自动重试。",
  filters: "筛选", district: "区县", community: "社区", state: "状态", department: "处置部门", category: "类别",
  lateness: "时限", number: "案号", numberHelp: "开头为", onlyView: "仅显示地图视野内", clear: "清除筛选",
  every: "全部", open: "全部未结", anyState: "全部（含已结）", late: "已超期", intime: "未超期",
  outsideScope: "地址中的一项筛选超出您的范围：{why} 已移除。",
  map: "城市地图。方向键移动，加减键缩放。", noMap: "此处无法绘制地图（没有 WebGL）。列表可照常使用。",
  mapFailed: "部分地图暂时无法载入，将自动重试。", zoomIn: "放大", zoomOut: "缩小", home: "显示全部范围",
  legend: "图例", legendLate: "已超期", legendCluster: "多件案件；红圈表示其中有超期", legendChosen: "当前打开的案件", legendPart: "城市部件", legendBuilding: "建筑与房屋",
  phase_waiting: "待受理", phase_routing: "待派遣", phase_handling: "部门处置", phase_checking: "待核查或结案", phase_over: "已结束",
  part: "城市部件", building: "建筑", floors: "{n} 层", dwelling: "房屋",
  sheet: "案件", close: "关闭案件详情", gone: "没有这件案件，或已不在您的范围内。", sheetFailed: "暂时无法读取案件：{why}",
  again: "重试", opened: "上报时间", closedAt: "结束时间", place: "位置", reports: "上报数", source: "来源", condition: "立案条件", version: "版本",
  showOnMap: "在地图上显示", duplicate: "疑似与另一案件重复",
  clocks: "时限", due: "{at} 到期", standing: "{at} 起停止计时", limit: "时限 {limit}", provisional: "暂定：该年放假通知尚未载入", counted: "计时", paused: "不计时",
  why: "为何是这一时刻", from: "从", to: "到", reason: "原因",
  links: "周边", parts: "部件", buildings: "建筑", dwellings: "房屋", metres: "{n}\u00a0米", nothing: "无",
  photos: "照片", photoOf: "照片 {n}，来自{from}", photo_report: "上报", photo_feedback: "处置反馈", photoFailed: "此照片无法显示。", openPhoto: "打开照片 {n} 原图",
  actions: "可办事项", noActions: "此角色目前没有可办事项。", required: "必填", choose: "请选择…", send: "{label}", sending: "正在提交…",
  lon: "经度", lat: "纬度", fromMap: "取地图中心", uploading: "正在上传照片…", done: "已办理：{label}",
  clash: "未办理：您开始填写后案件已变动。请重新查看后再决定。", clashLine: "{at} · {who}：{what}，现为{state}",
  refused: "未办理：{why}", possible: "目前可办：{what}。", nothingPossible: "目前没有可办事项。",
  page_map: "地图", page_queues: "待办", page_workflow: "流程", page_calendar: "日历", pages: "页面", toPage: "跳到内容",
  queues: "待办队列", noQueues: "此角色没有待办队列。", queueCount: "待办 {n} 件", queueLate: "超期 {n} 件", queueEmpty: "此处没有待办案件。", showMore: "显示更多", queuesFailed: "暂时无法读取队列，将自动重试。",
  lateness_late: "已超期", lateness_soon: "即将到期", lateness_fine: "未到期", lateness_none: "未计时", timeLeft: "剩 {time}", timeOver: "超 {time}", days_n: "{n} 天", hours_n: "{n} 小时", minutes_n: "{n} 分", shownOf: "显示 {n} / {all} 件",
  untilMoment: "至 {at}", chosenMoment: "至所选时间", backTo: "{action} → 回到原状态", assistants: "协办部门", assistDone: "已完成", assistOpen: "未完成", mergedInto: "已并入", merged: "并入本案的案件", splitFrom: "拆分自", openCase: "打开此案件",
  owner_all: "全部", owner_nobody: "待领取", owner_me: "我受理的", owners: "归属", you: "本人",
  marks: "标记", markCount: "{mark}：{n}", markWho: "{mark}：{who}", extendedTimes: "已延期 {n} 次", extendedOnce: "已延期一次", pausedTimes: "曾暂停 {n} 次", pausedOnce: "曾暂停一次", pausedNow: "现停止计时",
  lineOf: "{stage}时间线：{what}", line_counted: "计时", line_idle: "不计时", line_pause: "暂停计时", tick_soon: "八成", tick_due: "到期", tick_now: "现在", tick_extended: "第 {n} 次时限满", tick_stopped: "停止", nowLate: "现在，超 {time}", began: "开始",
  field_required: "必填", field_confirm: "须确认", fieldWrong: "{field}：{reason}", chooseMany: "可选多项",
  workflow: "流程定义", definition: "定义", drawing: "{name}流程图", drawingHelp: "方框为状态，并注明所在环节；双框为终态。", pathOf: "案件 {number} 的经过", noPath: "此角色不能查看办理记录，仅显示当前状态。", pickCase: "打开一件案件，可在此查看其经过。", pathBegan: "开始", onWorkflow: "在流程图上查看经过",
  exits: "多个状态下可办", exitLine: "{action} → {to}（终）", stagesOf: "环节", stageLimit: "时限", byCondition: "按立案条件", states: "状态", steps: "经过", current: "当前", drawingFailed: "暂时无法读取流程定义：{why}", stay: "不改变状态的操作", whoMay: "由谁办理",
  calendar: "工作日历", year: "年份", earlier: "上一年", later: "下一年", day_rest: "放假", "day_make-up": "调休上班", day_weekend: "周末", day_workday: "工作日", badge_rest: "休", "badge_make-up": "班", dayProvisional: "暂定",
  provisionalYear: "以下日期的放假通知尚未载入：暂按工作日减去法定节假日计算。", hoursOf: "工作时间", fromTo: "{from} 至 {to}", holidays: "放假与调休", today: "今天", calendarFailed: "暂时无法读取日历：{why}", settledUntil: "已定 {from} 至 {to}", version_n: "第 {n} 版", isCurrent: "新计时采用", rule_sliding: "一个工作日为 8 个工作小时。", "rule_end-of-day": "工作日以当日下班为止。", noHours: "无工作时间",
  similar: "疑似重复", noSimilar: "附近没有相似的未结案件。", similarFailed: "暂时无法读取疑似重复案件。", answered: "{answer}：{who}，{at}", answer_same: "同一事项", answer_different: "不同事项",
  contacts: "联系上报人", contactsNoted: "每次查看均记录您的账号与用途。", purpose: "用途", purpose_call_back: "回访", purpose_verify: "核实", purpose_dispute: "争议处理", purpose_other: "其他（须说明）", contactsShow: "部分显示", contactsFull: "完整显示", contactsWhy: "请选择用途；选其他须说明理由。", contactsFailed: "无法显示联系方式：{why}", contactsWithheld: "另有 {n} 条保密上报，仅受理员可见", confidential: "保密", noContact: "无联系方式", contactUnreadable: "无法用本系统密钥读取",
  pick: "选择案件 {number}", picked: "，已选", pickAll: "全选所示", pickFirst: "选择前 {n} 件", pickedBar: "已选案件", pickedCount: "已选 {n} 件", pickMost: "最多可同时办理 {n} 件。", pickClear: "取消选择", together: "批量办理…",
  togetherTitle: "批量办理 {n} 件", togetherClose: "关闭批量办理", togetherReading: "正在读取可办事项：{n} / {all}", togetherLost: "暂时无法读取，未纳入办理：{what}。", togetherActions: "全部可办事项", togetherNone: "没有全部案件都可办的事项。", togetherPartly: "不能一并办理：{what}。", partly: "{action}（{n} / {all}）", partlyOther: "{action}（各案选项不同）",
  togetherDone: "{label}：已办理 {done} 件，未办理 {refused} 件。", togetherKept: "未办理的案件仍保持选中。", doneCases: "已办理 {n} 件", notDoneCases: "未办理", chosenCases: "已选案件", leaveOut: "不再选择案件 {number}",
  handOver: "交班移交", handOverSay: "交班时，将您受理的全部未结案件（各队列）移交给另一受理员。无人领取的案件仍留在公共池。", handOverCount: "您的未结案件：{n} 件", handOverNone: "您没有受理中的未结案件，无需移交。", handOverTo: "接班受理员账号", handOverWhy: "理由", handOverFailed: "暂时无法读取您的案件：{why}", handOverMore: "还有更多案件：请再次移交。", close_dialog: "关闭",
  history: "办理记录", noHistory: "此角色不能查看办理记录。", moreHistory: "显示后面的记录", who: "{who}", hash: "指纹 {hash}",
};

/** For the test that holds the two together; readers take `t`. */
export const TABLES: Record<Language, Record<Text, string>> = { zh, en };
const KEY = "wangge-language";

export const language = signal<Language>(firstLanguage());

function firstLanguage(): Language {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "zh" || kept === "en") return kept;
    return navigator.language.startsWith("zh") ? "zh" : "en";
  } catch {
    return "zh";
  }
}

export function setLanguage(chosen: Language): void {
  language.value = chosen;
  localStorage.setItem(KEY, chosen);
}

/** A text in the language of the page, with its `{…}` filled in. */
export function t(key: Text, values: Record<string, string | number> = {}): string {
  return TABLES[language.value][key].replace(/\{(\w+)\}/g, (_all, name: string) => String(values[name] ?? ""));
}

/** A text of the page as a name in both languages. */
export const both = (key: Text): Name => ({ zh: TABLES.zh[key], en: TABLES.en[key] });

export const inLanguage = (name: Name | undefined, otherwise: string): string => name?.[language.value] ?? otherwise;

const locale = (): string => (language.value === "zh" ? "zh-CN" : "en-GB");
const ZONE = "Asia/Shanghai";

/** A moment in the city's time. */
export function moment(at: string | null | undefined): string {
  if (!at) return "–";
  return new Intl.DateTimeFormat(locale(), {
    timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).format(new Date(at));
}

/** A moment as short as a list wants it. */
export function shortMoment(at: string): string {
  return new Intl.DateTimeFormat(locale(), {
    timeZone: ZONE, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  }).format(new Date(at));
}

/** A day of the calendar ("2026-10-01") as people say it. */
export function dayText(day: string): string {
  return new Intl.DateTimeFormat(locale(), { timeZone: "UTC", month: "long", day: "numeric" }).format(new Date(`${day}T00:00:00Z`));
}

export function monthText(month: number): string {
  return new Intl.DateTimeFormat(locale(), { timeZone: "UTC", month: "long" }).format(new Date(Date.UTC(2026, month - 1, 1)));
}

/** The days of the week from Monday on: as short as a head takes them, and in full. */
export function weekdays(width: "narrow" | "long"): string[] {
  const format = new Intl.DateTimeFormat(locale(), { timeZone: "UTC", weekday: width });
  return Array.from({ length: 7 }, (_, n) => format.format(new Date(Date.UTC(2026, 5, 1 + n))));
}

/** Several words one after the other. */
export const listed = (words: string[]): string => words.join(language.value === "zh" ? "、" : ", ");

export const figure = (n: number): string => new Intl.NumberFormat(locale()).format(n);
