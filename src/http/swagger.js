// Starts Swagger UI with a selector of documents: the API as it is for everyone, and, once there is a token, the caller's
// space and each of its tables, typed. It takes the place of the crate's swagger-initializer.js: the page's policy allows
// no script that stands in the page itself.
//
// Which document is open stands in the address: `?space`, or `?table=tbl…`, which is what to link to; behind it may stand
// the `#/tag/operation` that Swagger UI keeps there. The token stands in no address: it goes out as a header only.
"use strict";

(() => {
  const STATIC = "/api/openapi.json";
  const SPACE = "/api/openapi/openapi.json";
  const HEADER = "x-undb-api-token";
  const SCHEME = "api_token";
  const KEPT = "authorized";
  // Operations that a document may have for all of them to be listed.
  const LISTED_MAX = 60;

  let ui;
  // The token whose documents are listed, and the number of the look that is newest: an answer to an older one is dropped.
  let token = "";
  let look = 0;
  // Whether it is being looked what the token shows: until that is known, a choice is noted and opened by whoever looks.
  let looking = false;
  let tables = [];
  let open = wanted();
  // What of a space was shown last: "" if nothing was.
  let shown = "";

  const bar = element("div", { className: "undb-documents" });
  const select = element("select", { id: "undb-document" });
  const status = element("span", { id: "undb-status" });
  status.setAttribute("role", "status");

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  // What the address asks for: "", "space" or the id of a table.
  function wanted() {
    const query = new URLSearchParams(window.location.search);
    return query.get("table") || (query.has("space") ? "space" : "");
  }

  function say(text, failed) {
    status.textContent = text;
    status.className = failed ? "failed" : "";
  }

  function option(value, text) {
    return element("option", { value, textContent: text });
  }

  function listed(title) {
    select.replaceChildren(option("", "undb API"));
    if (title !== undefined) {
      const group = element("optgroup", { label: "Tables" }, ...tables.map((table) => option(table.id, table.name)));
      select.append(option("space", `This space: ${title}`), ...(tables.length ? [group] : []));
    }
    select.value = urlOf(open) === undefined ? "" : open;
  }

  function urlOf(which) {
    if (which === "") return STATIC;
    if (which === "space") return token ? SPACE : undefined;
    const table = tables.find((table) => table.id === which);
    return table && `/api/openapi/bases/${table.base}/tables/${table.id}/openapi.json`;
  }

  // A document as text; throws what a person should read.
  async function fetched(url) {
    const headers = url !== STATIC && token ? { [HEADER]: token } : {};
    const answer = await fetch(url, { headers, credentials: "same-origin" });
    const text = await answer.text();
    if (answer.ok) return text;
    if (answer.status === 401 && headers[HEADER]) throw new Error("This token is not valid.");
    let detail = `${answer.status} ${answer.statusText}`;
    try {
      const problem = JSON.parse(text);
      detail = `${problem.title} ${problem.detail === problem.title ? "" : problem.detail} (${problem.code})`;
    } catch {
      // What stands between us and the server has answered.
    }
    throw new Error(detail);
  }

  function show(url, text) {
    // Of many operations only the tags: all of them at once are slow to draw, and nobody finds one among them.
    const count = Object.values(JSON.parse(text).paths).flatMap(Object.keys).length;
    ui.getConfigs().docExpansion = count > LISTED_MAX ? "none" : "list";
    ui.specActions.updateUrl(url);
    ui.specActions.updateSpec(text);
    ui.specActions.updateLoadingStatus("success");
    // What the address asks for may not be there; it stays, and is shown once there is a token that sees it.
    select.value = url === STATIC ? "" : open;
    document.body.dataset.document = select.value || "static";
    shown = url === STATIC ? "" : open;
  }

  // Shows what is open, of what the token allows; of what it does not, says so and shows the API.
  async function load(mine) {
    const url = urlOf(open);
    if (url === undefined) {
      if (token && shown === open) {
        // Another token than that which was shown it: the address is not this one's.
        open = "";
        window.history.replaceState(null, "", window.location.pathname);
        say("This token does not see the table that was open.", true);
      } else if (token) say("The table of this address is not there, or this token may not see it.", true);
      else say("Authorize to see what this address means.", false);
    }
    try {
      const text = await fetched(url ?? STATIC);
      if (mine === look) show(url ?? STATIC, text);
    } catch (error) {
      if (mine === look) say(error.message, true);
    }
  }

  // Looks what the token shows, and then loads what is open.
  async function refresh() {
    const mine = ++look;
    looking = true;
    tables = [];
    say("", false);
    let title;
    if (token) {
      try {
        const space = JSON.parse(await fetched(SPACE));
        if (mine !== look) return;
        title = space.info.title;
        tables = space.tags
          .filter((tag) => tag["x-undb-table"])
          .map((tag) => ({ id: tag["x-undb-table"], base: tag["x-undb-base"], name: tag.name }));
      } catch (error) {
        if (mine !== look) return;
        looking = false;
        listed();
        say(error.message, true);
        const text = await fetched(STATIC).catch(() => "");
        if (mine === look && text) show(STATIC, text);
        return;
      }
    }
    looking = false;
    listed(title);
    await load(mine);
  }

  function chosen() {
    open = select.value;
    const query = open === "" ? "" : open === "space" ? "?space" : `?table=${encodeURIComponent(open)}`;
    // The operation behind `#` is the other document's.
    window.history.pushState(null, "", window.location.pathname + query);
    if (looking) return;
    say("", false);
    load(++look);
  }

  // Back and forward: the address has changed under the page. Within a document Swagger UI sees to it.
  function returned() {
    if (wanted() === open) return;
    open = wanted();
    select.value = urlOf(open) === undefined ? "" : open;
    say("", false);
    load(++look);
  }

  // What is kept under `authorized`, by Swagger UI or another page of this origin, as Swagger UI reads it.
  function kept() {
    try {
      const held = JSON.parse(window.localStorage.getItem(KEPT) || "{}");
      const value = held?.[SCHEME]?.value;
      if (typeof value !== "string") return {};
      const schema = { type: "apiKey", in: "header", name: HEADER };
      return { ...held, [SCHEME]: { name: SCHEME, schema, value } };
    } catch {
      return {};
    }
  }

  function authorized() {
    const held = ui.authSelectors.authorized();
    return (held && held.getIn && held.getIn([SCHEME, "value"])) || "";
  }

  function watch() {
    const now = authorized();
    if (now === token) return;
    token = now;
    refresh();
  }

  function style() {
    return element("style", {
      textContent: `
        .undb-documents { align-items: center; background: #1b1b1b; color: #fff; display: flex; flex-wrap: wrap;
          font: 600 14px/1.4 sans-serif; gap: 12px; padding: 10px 20px; }
        .undb-documents select { border: 1px solid #888; border-radius: 4px; font: inherit; max-width: 32rem;
          min-width: 16rem; padding: 6px 8px; }
        .undb-documents .failed { color: #ffb4ab; }`,
    });
  }

  window.onload = () => {
    const text = element("label", { htmlFor: "undb-document", textContent: "Document" });
    bar.append(text, select, status);
    document.head.append(style());
    document.body.prepend(bar);
    listed();
    select.addEventListener("change", chosen);
    window.addEventListener("popstate", returned);
    if (window.matchMedia("(prefers-color-scheme: dark)").matches) {
      document.documentElement.classList.add("dark-mode");
    }
    const before = kept();
    if (before[SCHEME]) window.localStorage.setItem(KEPT, JSON.stringify(before));
    ui = window.ui = SwaggerUIBundle({
      dom_id: "#swagger-ui",
      spec: {},
      deepLinking: true,
      persistAuthorization: true,
      validatorUrl: "none",
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      displayRequestDuration: true,
      tryItOutEnabled: false,
      layout: "BaseLayout",
      presets: [SwaggerUIBundle.presets.apis],
      plugins: [SwaggerUIBundle.plugins.DownloadUrl],
    });
    token = authorized();
    refresh();
    ui.getStore().subscribe(watch);
    // Another tab or page of this origin has signed in or out.
    window.addEventListener("storage", (event) => {
      if (event.key === KEPT || event.key === null) ui.authActions.restoreAuthorization({ authorized: kept() });
    });
  };
})();
