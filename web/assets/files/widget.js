// A chat button for a merchant's own page:
//   <script type="module" src="https://SHOP/widget.js" data-merchant="NAME"></script>
// It needs nothing else, styles nothing outside its own shadow root, and loads the chat when it is opened.
const home = new URL(import.meta.url).origin;
const rtl = () => getComputedStyle(document.documentElement).direction === "rtl";

const style = `
:host { all: initial; position: fixed; inset-block-end: 16px; inset-inline-end: 16px; z-index: 2147483000; font: 600 15px/1.5 system-ui, sans-serif; color-scheme: light dark; }
button { display: inline-flex; align-items: center; gap: 8px; min-block-size: 52px; padding: 0 20px; border: 0; border-radius: 26px; cursor: pointer;
  background: #1c5a3c; color: #fff; font: inherit; box-shadow: 0 4px 18px rgb(0 0 0 / .22); }
button:focus-visible { outline: 3px solid #1c5a3c; outline-offset: 3px; }
.panel { position: fixed; inset-block-end: 80px; inset-inline-end: 16px; inline-size: min(400px, calc(100vw - 32px)); block-size: min(640px, calc(100dvh - 100px));
  border-radius: 14px; overflow: hidden; background: #faf8f4; box-shadow: 0 10px 40px rgb(0 0 0 / .28); }
.panel[hidden] { display: none; }
iframe { inline-size: 100%; block-size: 100%; border: 0; display: block; }
@media (max-width: 480px) { .panel { inset: 0 0 76px 0; inline-size: 100vw; block-size: auto; border-radius: 0; } }
@media (prefers-color-scheme: dark) { button { background: #85cba0; color: #0c2216; } .panel { background: #131412; } }
`;

class SottoChat extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    const es = (document.documentElement.lang || navigator.language || "").toLowerCase().startsWith("es");
    const [open, close] = es ? ["Escríbenos", "Cerrar el chat"] : ["Chat with us", "Close the chat"];
    this.dir = rtl() ? "rtl" : "ltr";
    this.panel = document.createElement("div");
    this.panel.className = "panel";
    this.panel.id = "panel";
    this.panel.hidden = true;
    this.button = document.createElement("button");
    this.button.type = "button";
    this.words = [this.getAttribute("label") || open, close];
    this.button.textContent = this.words[0];
    this.button.setAttribute("aria-expanded", "false");
    this.button.setAttribute("aria-controls", "panel");
    this.button.addEventListener("click", () => this.toggle());
    root.append(this.panel, this.button);
    root.addEventListener("keydown", (e) => { if (e.key === "Escape" && !this.panel.hidden) this.toggle(); });
    addEventListener("message", (e) => {
      if (e.origin === home && e.source === this.frame?.contentWindow && e.data === "sotto:close" && !this.panel.hidden) this.toggle();
    });
  }

  toggle() {
    if (!this.frame) {
      this.frame = document.createElement("iframe");
      this.frame.title = this.words[0];
      this.frame.src = `${home}/chat/${encodeURIComponent(this.getAttribute("merchant") || "")}?embed=1`;
      this.panel.append(this.frame);
    }
    const show = this.panel.hidden;
    this.panel.hidden = !show;
    this.button.textContent = this.words[show ? 1 : 0];
    this.button.setAttribute("aria-expanded", String(show));
    (show ? this.frame : this.button).focus();
  }
}
if (!customElements.get("sotto-chat")) customElements.define("sotto-chat", SottoChat);

for (const script of document.querySelectorAll("script[data-merchant]")) {
  if (script.src !== import.meta.url || document.querySelector("sotto-chat")) continue;
  const chat = document.createElement("sotto-chat");
  chat.setAttribute("merchant", script.dataset.merchant);
  if (script.dataset.label) chat.setAttribute("label", script.dataset.label);
  document.body.append(chat);
}
export { SottoChat };
