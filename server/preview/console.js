// Told to whoever looks at this preview: what goes wrong in the browser. Put into each page of the app by Appyard's proxy.
(() => {
  const tell = (level, text) => {
    const body = JSON.stringify({ level, text: String(text).slice(0, 2000) });
    fetch("/__appyard/console", { method: "POST", body, keepalive: true, headers: { "content-type": "application/json" } }).catch(() => {});
  };
  const shown = (values) => values.map((value) => (value instanceof Error ? (value.stack ?? String(value)) : typeof value === "string" ? value : JSON.stringify(value))).join(" ");
  addEventListener("error", (event) => {
    const place = event.target instanceof Element ? (event.target.src ?? event.target.href) : null;
    tell("error", place ? `Could not load ${place}` : `${event.message} (${event.filename}:${event.lineno})`);
  }, true);
  addEventListener("unhandledrejection", (event) => tell("error", `Unhandled: ${shown([event.reason])}`));
  addEventListener("securitypolicyviolation", (event) => tell("refused", `${event.effectiveDirective}: ${event.blockedURI}`));
  for (const level of ["error", "warn"]) {
    const original = console[level];
    console[level] = (...values) => (tell(level, shown(values)), original.apply(console, values));
  }
})();
