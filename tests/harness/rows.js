// The records of the grid by place, with a list that others change in between. Run in a page by tests/console_grid.
const { Rows } = await import(`${folder}/rows.js`);
const id = (n) => `rec${String(n).padStart(26, "0")}`;
let made = 0;
function server(count) {
  const list = Array.from({ length: count }, () => ({ id: id(1e6 + (made += 1) * 3), values: { a: made }, version: 1, createdAt: "c" }));
  const calls = [];
  const page = async (q) => {
    calls.push(q);
    await null;
    let found = list.slice().sort((x, y) => (x.id < y.id ? -1 : 1));
    for (const [, op, value] of (q.filter ?? "").matchAll(/id ([<>]=?) "(\w+)"/g)) found = found.filter((r) => ({ "<": r.id < value, ">": r.id > value, "<=": r.id <= value, ">=": r.id >= value })[op]);
    const after = q.cursor;
    if (q.sort?.[0] === "-id") found.reverse();
    const total = found.length;
    if (after) found = found.filter((r) => (q.sort?.[0] === "-id" ? r.id < after : r.id > after));
    const records = found.slice(0, q.limit).map((r) => ({ ...r, values: { ...r.values } }));
    return { records, total, nextCursor: found.length > q.limit ? records.at(-1).id : undefined };
  };
  return { list, calls, page };
}
const wait = (ms) => new Promise((r) => setTimeout(r, ms));
const eq = (a, b, m) => { if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`${m}: ${JSON.stringify(a)} != ${JSON.stringify(b)}`); };
const grid = async (count, q = {}) => {
  const api = server(count); let problem = null;
  const rows = new Rows(api, { changed() {}, failed: (p) => { problem = p; } });
  rows.passField = "a";
  await rows.load(q); await rows.want(0, 20);
  return { api, rows, problem: () => problem };
};
const right = (g, from, to) => { const list = g.api.list.slice(); if (g.rows.question.sort?.[0] === "-id") list.reverse(); for (let n = from; n < to; n += 1) eq(g.rows.at(n)?.id, list[n]?.id, `place ${n}`); };
for (const q of [{}, { sort: ["-id"] }, { sort: ["a"] }]) {
  const g = await grid(20000, q);
  const list = g.api.list;
  for (const at of [15000, 7000, 19990, 3000]) { await g.rows.want(at, at + 30); right(g, at, Math.min(at + 30, g.rows.total)); }
  // others delete most
  list.splice(300, 19000);
  for (const at of [15000, 9000, 600, 990]) { await g.rows.want(Math.min(at, g.rows.total - 5), Math.min(at + 30, g.rows.total)); }
  eq(g.problem(), null, "problem");
  if (!q.sort || q.sort[0] === "-id") eq(g.rows.total, list.length, "total");
  eq(g.api.calls.length < 60, true, "calls");
  await g.rows.want(g.rows.total - 20, g.rows.total); 
  await g.rows.want(0, 20); right(g, 0, 20);
}
{ // remove, held and not
  const g = await grid(500); await g.rows.want(0, 500);
  const first = g.rows.at(0), third = g.rows.at(2);
  const gone = [g.api.list[1].id, g.api.list[3].id];
  g.api.list.splice(3, 1); g.api.list.splice(1, 1);
  await g.rows.remove(gone); eq(g.rows.total, 498, "removed"); right(g, 0, 498); eq(g.rows.at(0) === first && g.rows.at(1) === third, true, "same objects");
  const big = await grid(3000); const far = big.api.list[2500].id; big.api.list.splice(2500, 1);
  await big.rows.remove([far]); eq(big.rows.total, 2999, "not held");
  // errors outlive a load
  const r = g.rows.at(5); r.errors = { a: { detail: "x" } }; g.api.list[5].values.a = 99; g.api.list[5].version = 2;
  await g.rows.load({ sort: ["a"] }); await g.rows.want(0, 498);
  eq(g.rows.find(r.id) === r && r.values.a === 99, true, "kept");
  // refresh during a load does nothing
  const p = g.rows.load({ filter: 'id > "rec0"' }); g.rows.refresh(); eq(await p, true, "refresh does not cancel");
}
{ const g = await grid(10000); const all = await g.rows.range(0, 10000); eq(all.length, 10000, "range"); eq(all.every((r, n) => r.id === g.api.list[n].id), true, "all");
  await g.rows.want(100, 130); right(g, 100, 130);
  const before = g.api.calls.length; let changed = 0; await wait(20); eq(g.api.calls.length, before, "idle"); }
