// Every text of the page in both languages; the two tables have the same keys.
export const TEXTS = {
  zh: {
    title: "网格 · 案件", other: "English", signOut: "退出", signIn: "进入", tokenLabel: "访问令牌（由管理员发放）",
    cases: "案件", live: "实时", catching: "正在补齐", offline: "离线，自动重连中", polling: "每 5 秒刷新（此角色无实时流）",
    expired: "令牌无效或已过期，请重新登录。", none: "还没有案件。", pick: "请在左侧选择案件。", state: "状态", category: "类别",
    department: "处置部门", place: "位置", opened: "上报时间", reports: "上报数", due: "到期", links: "关联部件与房屋",
    clocks: "时限", history: "办理记录", actions: "可办事项", reason: "理由", counted: "计时", paused: "不计时", done: "已办理。",
    changed: "案件已变动：", refused: "未能办理：", metres: "米", parts: "部件", buildings: "建筑", dwellings: "房屋", nothing: "无",
    unreadable: "暂时无法读取，稍后自动重试。", accuracy: "精度",
  },
  en: {
    title: "Wangge · cases", other: "中文", signOut: "Sign out", signIn: "Sign in", tokenLabel: "Access token (from your administrator)",
    cases: "Cases", live: "live", catching: "catching up", offline: "offline, reconnecting", polling: "refreshed every 5 s (this role has no live feed)",
    expired: "The token is not valid any more. Sign in again.", none: "No cases yet.", pick: "Choose a case on the left.", state: "State", category: "Category",
    department: "Department", place: "Place", opened: "Opened", reports: "Reports", due: "Due", links: "Parts and housing nearby",
    clocks: "Clocks", history: "History", actions: "What can be done now", reason: "Reason", counted: "counted", paused: "not counted", done: "Done.",
    changed: "The case has changed: ", refused: "Not done: ", metres: "m", parts: "Parts", buildings: "Buildings", dwellings: "Dwellings", nothing: "none",
    unreadable: "Cannot be read now; tried again by itself.", accuracy: "accuracy",
  },
};

export const STATES = {
  reported: ["已上报", "reported"], accepted: ["已受理", "accepted"], filed: ["已立案", "filed"], dispatched: ["已派遣", "dispatched"],
  handling: ["处置中", "being handled"], handled: ["已处置待核查", "handled"], inspecting: ["核查通过待结案", "inspected"],
  returned: ["已退回", "returned"], reworked: ["返工", "to be reworked"], closed: ["已结案", "closed"], rejected: ["不予受理", "rejected"], voided: ["已作废", "voided"],
};

export const STAGES = { accept: ["受理", "acceptance"], dispatch: ["派遣", "dispatch"], handle: ["处置", "handling"], inspect: ["核查", "inspection"], close: ["结案", "closing"] };

export const EVENTS = {
  opened: ["立案建档", "opened"], attached: ["并入上报", "report attached"], accepted: ["受理", "accepted"], rejected: ["不予受理", "rejected"],
  filed: ["立案", "filed"], dispatched: ["派遣", "dispatched"], returned: ["退回", "returned"], started: ["开始处置", "started"], handled: ["处置反馈", "handled"],
  "inspection-passed": ["核查通过", "inspection passed"], "inspection-failed": ["核查不通过", "inspection failed"], closed: ["结案", "closed"], voided: ["作废", "voided"],
  urged: ["催办", "urged"], relocated: ["更正位置", "relocated"], reclassified: ["更正类别", "reclassified"], reminded: ["到期提醒", "reminded"], overdue: ["超期", "overdue"], escalated: ["逐级上报", "escalated"],
};
