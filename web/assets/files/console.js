// The console's page: it looks again when the shop says that something moved, and listens to the keyboard.
const $ = (id) => document.getElementById(id);
const live = $("live");

// ---------- times in the reader's own zone

function localTimes(root) {
  const today = new Date().toDateString();
  for (const t of root.querySelectorAll("time[datetime]")) {
    const at = new Date(t.dateTime);
    const form = at.toDateString() === today && t.dataset.form !== "date" ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
    t.textContent = new Intl.DateTimeFormat(undefined, form).format(at);
    t.title = at.toLocaleString();
  }
}
localTimes(document);

// ---------- live: the page asks for itself again and keeps the place, the focus and what is typed

let asking = false, again = false, before = "";
async function refresh() {
  if (["money", "try", "lessons", "rehearsals", "questions"].includes(document.body.className)) return; // these are asked for, not watched
  if (asking) { again = true; return; }
  asking = true;
  try {
    const r = await fetch(location.href, { cache: "no-store", redirect: "manual" });
    if (r.type === "opaqueredirect") { location.reload(); return; }
    if (r.ok) swap(await r.text());
  } catch { /* the stream tells when there is a connection again */ } finally { asking = false; }
  if (again) { again = false; refresh(); }
}

function swap(text) {
  const next = new DOMParser().parseFromString(text, "text/html").getElementById("live");
  if (!next || next.innerHTML === before) return;
  before = next.innerHTML;
  const focus = document.activeElement, href = focus?.closest("a")?.getAttribute("href"), field = focus?.id, typed = focus?.value;
  const open = [...live.querySelectorAll("details")].map((d) => d.open);
  const talk = live.querySelector(".talk"), low = talk && talk.scrollHeight - talk.scrollTop - talk.clientHeight < 60, at = talk?.scrollTop;
  localTimes(next);
  live.replaceChildren(...next.childNodes);
  live.querySelectorAll("details").forEach((d, i) => { d.open = open[i] ?? false; });
  if (field && $(field)) { $(field).focus(); if (typed !== undefined) $(field).value = typed; } else if (href) live.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus();
  const now = live.querySelector(".talk");
  if (now) now.scrollTop = low ? now.scrollHeight : at;
}

if ($("linked")) {
  const source = new EventSource("/console/stream");
  const say = (text, off) => { $("linked").textContent = text; $("linked").classList.toggle("off", off); };
  source.addEventListener("open", () => say("Live", false));
  source.addEventListener("error", () => say("Connecting…", true));
  source.addEventListener("changed", refresh);
  source.addEventListener("look", refresh);
  const talk = live.querySelector(".talk");
  if (talk) talk.scrollTop = talk.scrollHeight;
}

// ---------- keys

const rows = () => [...live.querySelectorAll("a.row")].filter((a) => a.offsetParent);
function step(by) {
  const list = rows(), at = list.indexOf(document.activeElement), current = list.findIndex((a) => a.ariaCurrent === "true");
  const to = at < 0 ? (current < 0 ? 0 : current + by) : at + by;
  list[Math.min(Math.max(to, 0), list.length - 1)]?.focus();
}

let went = 0;
addEventListener("keydown", (e) => {
  const typing = e.target.closest("input, textarea, select");
  if (e.ctrlKey || e.metaKey || e.altKey || $("keys")?.open) return;
  if (e.key === "Escape") { if (typing) typing.blur(); else if ($("up")) location.assign($("up").href); return; }
  if (typing || !$("keys")) return;
  const going = Date.now() - went < 1200;
  const act = {
    j: () => step(1), k: () => step(-1), "/": () => ($("find") ? $("find").select() : location.assign("/console/orders")), "?": () => $("keys").showModal(), g: () => { went = Date.now(); },
    o: () => going && location.assign("/console/orders"), c: () => going && location.assign("/console/conversations"),
    t: () => going && location.assign("/console/try"),
    m: () => going && location.assign("/console/money"),
  }[e.key];
  if (act) { e.preventDefault(); act(); }
});
$("help")?.addEventListener("click", () => $("keys").showModal());
