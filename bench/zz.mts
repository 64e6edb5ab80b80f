const [kind, which] = process.argv.slice(2)
const p = { count: 200000, samples: 5, warmups: 2 } as any
const one = which === "one"
const base = "/work/wt/stream/bench/"
let m
if (kind === "stream") m = await (await import(base + "ours/remote.ts")).stream(one)(p)
else if (kind === "channel") {
  m = await (await import(base + "ours/channelRemote.ts")).oneWay(one ? "oneByOne" : "unsafe")(p)
} else m = await (await import(base + "peers/effect-rpc/effect-rpc.ts")).stream(one)({ ...p, count: 20000 })
console.log(
  kind,
  which,
  m.samples.map((x: number) => Math.round(x)).join(" "),
  JSON.stringify(m.received) === JSON.stringify(m.expected) ? "valid" : "INVALID"
)
process.exit(0)
