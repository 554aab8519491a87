// Asks for the money in WeChat's own browser, which alone has the bridge. What it answers proves nothing: the page after it asks our books.
(function () {
  "use strict";
  const button = document.querySelector("[data-bridge]");
  if (!button) return;
  const request = JSON.parse(button.dataset.bridge);
  const ask = () => {
    button.disabled = true;
    window.WeixinJSBridge.invoke("getBrandWCPayRequest", request, (answer) => {
      button.disabled = false;
      if (answer.err_msg === "get_brand_wcpay_request:ok") location.assign(button.dataset.done);
    });
  };
  const begin = () => {
    if (window.WeixinJSBridge) ask();
    else document.addEventListener("WeixinJSBridgeReady", ask, { once: true });
  };
  button.addEventListener("click", begin);
  begin();
})();
