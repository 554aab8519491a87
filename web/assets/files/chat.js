// The chat page: shows the talk, sends what is written, and keeps both right through lost connections.
const body = document.body;
const words = JSON.parse(body.dataset.words);
const base = body.dataset.base;
const embedded = body.classList.contains("embedded");
const $ = (id) => document.getElementById(id);
const [log, talk, replies, typing, newer, state] = ["log", "talk", "replies", "typing", "newer", "state"].map($);

// ---------- small things

function el(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== ""));
  return node;
}

function money(m) {
  const f = new Intl.NumberFormat(words.lang, { style: "currency", currency: m.currency });
  return f.format(m.amount / 10 ** f.resolvedOptions().maximumFractionDigits);
}

const clock = new Intl.DateTimeFormat(words.lang, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(words.lang, { weekday: "long", day: "numeric", month: "long" });
const dayOf = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();

function dayName(at) {
  const days = Math.round((dayOf(new Date()) - dayOf(at)) / 86400000);
  return days === 0 ? words.today : days === 1 ? words.yesterday : date.format(at);
}

function address(text) { // only where a browser may safely go or look
  try { const u = new URL(text, location.href); return /^https?:$/.test(u.protocol) ? u.href : ""; } catch { return ""; }
}

function unique() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// What may be kept in this browser; a frame on another site may be allowed nothing.
const keep = {
  get(store, name) { try { return window[store].getItem(name); } catch { return null; } },
  set(store, name, value) { try { window[store].setItem(name, value); } catch { /* it lives as long as the page */ } },
};

// ---------- who we are: a cookie that scripts cannot read, or in a frame (where cookies do not reach) a bearer

const tokenName = "sotto.visitor." + body.dataset.id;
let token = embedded ? keep.get("localStorage", tokenName) : null;
let known = token !== null || (!embedded && body.dataset.known === "true");

function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = "Bearer " + token;
  return fetch(base + path, { ...options, headers, credentials: embedded ? "omit" : "same-origin", cache: "no-store" });
}

// ---------- showing

const shown = new Map(); // message id → node
const labels = new Map(); // tap → what its button said
let newest = "", lastDay = 0, lastFrom = "", lastAt = 0, unread = 0;
const title = document.title;

const atEnd = () => talk.scrollHeight - talk.scrollTop - talk.clientHeight < 80;
function toEnd() { talk.scrollTop = talk.scrollHeight; newer.hidden = true; }
talk.addEventListener("scroll", () => { if (atEnd()) newer.hidden = true; }, { passive: true });
newer.addEventListener("click", toEnd);
document.addEventListener("visibilitychange", () => { if (!document.hidden) { unread = 0; document.title = title; } });

function heading(from, author, at) {
  if (dayOf(at) !== lastDay) {
    lastDay = dayOf(at); lastFrom = "";
    log.append(el("div", { className: "day" }, dayName(at)));
  }
  const said = from === "customer" ? words.you : from === "bot" ? words.bot : author || words.staff;
  if (said === lastFrom && at - lastAt < 300000) { lastAt = at; return null; }
  lastFrom = said; lastAt = +at;
  const who = from === "customer" ? el("span", { className: "hidden-words" }, said + " · ") : el("b", {}, said);
  return el("p", { className: "who" }, who, (from === "customer" ? "" : " · ") + clock.format(at));
}

function photo(p) {
  const letter = el("span", { ariaHidden: "true" }, (p.name || "·").trim().charAt(0).toUpperCase());
  const box = el("div", { className: "photo" }, letter);
  const src = p.image && address(p.image);
  if (src) {
    const img = el("img", { alt: "", loading: "lazy", decoding: "async", referrerPolicy: "no-referrer" });
    img.addEventListener("error", () => box.replaceChildren(letter));
    img.src = src;
    box.replaceChildren(img);
  }
  return box;
}

function card(p) {
  const item = el("li", { className: "card" }, photo(p), el("h3", { dir: "auto" }, p.name), el("p", { className: "price" }, p.price_text || money(p.price)));
  const button = el("button", { type: "button" }, words.choose, el("span", { className: "hidden-words" }, " " + p.name));
  button.addEventListener("click", () => send(p.tap ? { tap: p.tap } : { text: p.name }, p.name));
  item.append(button);
  if (p.tap) labels.set(p.tap, p.name);
  return item;
}

function link(l) {
  const href = address(l.url);
  if (!href) return null;
  const a = el("a", { className: "button", href, rel: "noopener" }, l.label || href);
  if (embedded || new URL(href).origin !== location.origin) a.target = "_blank";
  return a;
}

function draw(m, at) {
  const node = el("article", { className: "msg " + (m.from === "customer" ? "mine" : "theirs") });
  const head = heading(m.from, m.author, at);
  if (head) node.append(head);
  if (m.tap) node.classList.add("tap");
  const text = m.text || (m.tap ? labels.get(m.tap) || words.picked : "");
  if (m.title || text) node.append(el("p", { className: "bubble", dir: "auto" }, m.title ? el("strong", {}, m.title) : null, text));
  if (m.forgotten) { node.classList.add("forgotten"); node.append(el("p", { className: "bubble" }, words.forgotten)); }
  const products = m.products || [], links = (m.links || []).map(link).filter(Boolean);
  if (products.length) node.append(el("ul", { className: "cards" }, ...products.map(card)));
  if (links.length) node.append(el("div", { className: "links" }, ...links));
  return node;
}

function offer(buttons) {
  replies.replaceChildren(...buttons.map((b) => {
    const node = el("button", { type: "button" }, b.label, b.detail ? el("small", {}, b.detail) : null);
    node.addEventListener("click", () => send(b.tap ? { tap: b.tap } : { text: b.label }, b.label));
    return node;
  }));
}

function fate(node, text, kind = "", again = null) {
  node.querySelector(".fate")?.remove();
  if (!text) return;
  const line = el("p", { className: "fate " + kind }, text + " ");
  if (again) { const b = el("button", { type: "button" }, words.retry); b.addEventListener("click", again); line.append(b); }
  node.append(line);
}

function fateOfLast(text) {
  const mine = [...log.querySelectorAll(".msg.mine[data-id]")];
  mine.forEach((n, i) => fate(n, i === mine.length - 1 ? text : ""));
}

// receive shows one message of the talk; the same message may come by several ways.
function receive(m) {
  if (shown.has(m.id)) return;
  const stick = atEnd() || m.from === "customer";
  for (const b of m.buttons || []) labels.set(b.tap, b.label);
  const mine = m.from === "customer" && queue.find((q) => q.node.dataset.id === undefined && (q.what.text ?? "") === m.text && (q.what.tap ?? "") === (m.tap ?? ""));
  let node;
  if (mine) {
    node = mine.node;
    mine.there = true;
  } else {
    log.querySelector(".hello")?.remove();
    if (m.from !== "customer") log.querySelectorAll(".links .button").forEach((a) => a.classList.add("quiet")); // the newest link is the one to follow
    node = draw(m, new Date(m.at));
    const pending = queue.find((q) => q.node.dataset.id === undefined);
    if (pending) log.insertBefore(node, pending.node); else log.append(node);
  }
  node.dataset.id = m.id;
  shown.set(m.id, node);
  newest = m.id;
  if (m.from === "customer") { fateOfLast(words.sent); offer([]); } else {
    fateOfLast(words.seen); offer(m.buttons || []); write(false);
    cartSoon();
    if (document.hidden) document.title = `(${++unread}) ${title}`;
  }
  if (stick) toEnd(); else newer.hidden = false;
}

function write(on) {
  const stick = atEnd();
  typing.hidden = !on;
  if (stick) toEnd();
}

function greet() {
  if (log.childElementCount) return;
  log.append(el("p", { className: "hello" }, el("span", { className: "shop-name" }, title), words.hello));
  offer(["menu", "status", "human"].map((tap) => ({ label: words["start_" + tap], tap }))); // the bot's own taps, good in any language
}

// ---------- sending: one after the other, kept until the shop has it

const queueName = "sotto.queue." + body.dataset.id;
const queue = [];
let sending = false;

function save() { keep.set("sessionStorage", queueName, JSON.stringify(queue.filter((q) => !q.there).map(({ key, what, label }) => ({ key, what, label })))); }

function send(what, label, key = unique()) {
  log.querySelector(".hello")?.remove();
  if (what.tap) labels.set(what.tap, label);
  const node = draw({ from: "customer", text: what.text || "", tap: what.tap }, new Date());
  log.append(node);
  queue.push({ key, what, label, node });
  offer([]); save(); toEnd(); pump();
}

async function pump() {
  if (sending) return;
  sending = true;
  for (let pause = 1000; queue.length;) {
    const q = queue[0];
    if (!q.there) fate(q.node, words.sending);
    const slow = setTimeout(() => write(true), 400);
    try {
      const r = await ask("/messages", { method: "POST", body: JSON.stringify(q.what), signal: AbortSignal.timeout(40000),
        headers: { "Content-Type": "application/json", "Idempotency-Key": q.key } });
      if (r.ok) { await taken(q, await r.json()); queue.shift(); save(); online(true); pause = 1000; } else if (r.status === 429) {
        say(words.busy); fate(q.node, words.waiting, "late");
        await wait(1000 * (Number(r.headers.get("Retry-After")) || 1)); say("");
      } else if (r.status >= 500) { fate(q.node, words.waiting, "late"); await wait(pause); pause = Math.min(pause * 2, 30000); } else {
        queue.shift(); save(); fate(q.node, words.failed + ".", "bad", () => { q.node.remove(); send(q.what, q.label); });
      }
    } catch {
      online(false);
      for (const each of queue) if (!each.there) fate(each.node, words.waiting, "late");
      await Promise.race([wait(pause), new Promise((up) => addEventListener("online", up, { once: true }))]);
      pause = Math.min(pause * 2, 15000);
    } finally { clearTimeout(slow); write(false); }
  }
  sending = false;
}

async function taken(q, { message, visitor }) {
  if (embedded && visitor) { token = visitor; keep.set("localStorage", tokenName, token); }
  if (q.node.dataset.id === undefined) {
    if (shown.has(message.id)) q.node.remove(); else { q.node.dataset.id = message.id; shown.set(message.id, q.node); }
    fateOfLast(words.sent);
  }
  const first = !known;
  known = true;
  await catchUp().catch(() => {});
  if (first) listen();
}

function say(text) { state.textContent = text; state.hidden = !text; }
function online(is) { say(is ? "" : words.offline); }
addEventListener("offline", () => online(false));
addEventListener("online", () => online(true));

// ---------- hearing: a stream, and plain questions where streams do not get through

async function catchUp() {
  for (;;) {
    const r = await ask("/messages?limit=100" + (newest ? "&after=" + newest : ""));
    if (r.status === 422 && newest) { restart(); continue; } // the talk was forgotten
    if (!r.ok) throw new Error(String(r.status));
    const { data } = await r.json();
    data.forEach(receive);
    if (data.length < 100) return;
  }
}

function restart() { log.replaceChildren(); shown.clear(); newest = ""; lastDay = 0; lastFrom = ""; offer([]); }

function event(name, data, id) {
  if (name === "message") receive(JSON.parse(data));
  else if (name === "typing") write(JSON.parse(data).typing);
  else if (name === "reset") restart();
  if (id) newest = id;
}

async function stream() {
  const stop = new AbortController();
  let guard = setTimeout(() => stop.abort(), 8000); // a proxy that holds the stream back is as good as none
  try {
    const r = await ask("/stream" + (newest ? "?after=" + newest : ""), { signal: stop.signal });
    if (!r.ok) throw new Error(String(r.status));
    const reader = r.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(guard);
      guard = setTimeout(() => stop.abort(), 40000);
      online(true);
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const field = {};
        for (const line of part.split("\n")) { const i = line.indexOf(": "); if (i > 0) field[line.slice(0, i)] = line.slice(i + 2); }
        if (field.event) event(field.event, field.data, field.id);
      }
    }
  } finally { clearTimeout(guard); stop.abort(); }
}

let listening = false;
async function listen() {
  if (listening) return;
  listening = true;
  for (let pause = 500; ; pause = Math.min(pause * 2, 5000)) {
    const began = Date.now();
    try { await stream(); } catch { /* asked plainly below */ }
    if (Date.now() - began > 10000) pause = 500;
    try { await catchUp(); online(navigator.onLine); } catch (e) { if (e instanceof TypeError) online(false); }
    await wait(document.hidden ? 5000 : pause);
  }
}

// ---------- the cart

let cartTimer = 0;
function cartSoon() { clearTimeout(cartTimer); cartTimer = setTimeout(() => showCart().catch(() => {}), 60); }

async function showCart() {
  const r = await ask("/cart");
  if (!r.ok) return;
  const c = await r.json();
  const count = c.lines.reduce((n, l) => n + l.quantity, 0);
  const waits = c.status === "ordered", stick = atEnd();
  $("cart").hidden = !count;
  $("checkout").hidden = waits;
  if (!count) return;
  const items = count === 1 ? words.item : words.items.replace("{n}", count);
  $("basket").textContent = [items, money(c.total), waits ? words.awaiting : ""].filter(Boolean).join(" · ");
  const lines = el("dl"), sums = el("dl", { className: "sums" });
  for (const l of c.lines) {
    const more = l.options.filter((o) => o.amount !== "none").map((o) => (o.count > 1 ? o.count + " × " : "") + o.name).join(", ");
    lines.append(el("dt", { dir: "auto" }, `${l.quantity} × ${l.name}`, more ? el("small", {}, more) : null, l.problem ? el("small", { className: "bad" }, words.problem) : null), el("dd", {}, money(l.total)));
  }
  const sum = (name, m, cls = "") => sums.append(el("dt", { className: cls }, name), el("dd", { className: cls }, money(m)));
  if (c.total.amount !== c.subtotal.amount) sum(words.subtotal, c.subtotal);
  if (c.discount.amount) sum(words.discount, { ...c.discount, amount: -c.discount.amount });
  if (c.shipping.amount) sum(words.shipping, c.shipping);
  if (c.tax.amount) sum(c.tax_inclusive ? words.tax_in : words.tax, c.tax);
  sum(words.total, c.total, "all");
  $("lines").replaceChildren(lines, sums, el("p", {}, words.change));
  if (stick) toEnd();
}
function unfold(open) { $("lines").hidden = !open; $("basket").ariaExpanded = String(open); }
$("basket").addEventListener("click", () => unfold($("lines").hidden));
$("checkout").addEventListener("click", () => { unfold(false); send({ tap: "checkout" }, words.checkout); });

// ---------- writing

const text = $("text");
$("say").addEventListener("submit", (e) => {
  e.preventDefault();
  const said = text.value.trim();
  if (!said) return;
  text.value = "";
  send({ text: said }, said);
  text.focus();
});
text.addEventListener("input", () => { if (!text.value.trim() && text.value.includes("\n")) text.value = ""; });
text.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); $("say").requestSubmit(); }
});
addEventListener("keydown", (e) => {
  const privacy = document.querySelector(".privacy");
  if (e.key === "Escape" && (privacy.open || !$("lines").hidden)) { privacy.open = false; unfold(false); return; }
  if (e.key === "Escape" && embedded) parent.postMessage("sotto:close", "*");
});
document.addEventListener("click", (e) => { const p = document.querySelector(".privacy"); if (p.open && !p.contains(e.target)) p.open = false; });
new ResizeObserver(() => { if (atEnd()) toEnd(); }).observe(talk);

// ---------- begin

log.ariaBusy = "true"; // what was said before is not read aloud again
try { if (known) { await catchUp(); cartSoon(); } } catch { online(navigator.onLine); }
log.ariaBusy = "false";
greet();
for (const q of JSON.parse(keep.get("sessionStorage", queueName) || "[]")) send(q.what, q.label, q.key);
if (known) listen();
requestAnimationFrame(() => { body.dataset.ready = "true"; }); // from here on, what is new moves in
if (matchMedia("(hover: hover)").matches && !embedded) text.focus();
