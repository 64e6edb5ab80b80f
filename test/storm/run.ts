/** `npm run storm -- --seed 7 --minutes 5`: storms without kills and with them, in turn, until the time is over. */
import * as Effect from "effect/Effect"
import { parseArgs } from "node:util"
import { storm } from "./storm.ts"

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    minutes: { type: "string", default: "1" }
  }
})
const seed = Number(values.seed)
const over = performance.now() + Number(values.minutes) * 60_000

console.log(`storm: seed=${seed}`)
let storms = 0
let failed = 0
while (performance.now() < over && failed === 0) {
  const left = over - performance.now()
  const kills = storms % 2 === 1
  const report = await Effect.runPromise(
    storm({ seed: seed + storms, kills, millis: Math.min(10_000, Math.max(1_000, left)) })
  )
  storms++
  if (report.wrong.length > 0) failed++
  console.log(JSON.stringify({ seed: seed + storms - 1, kills, ...report }))
}
console.log(`storm: seed=${seed} storms=${storms} failed=${failed}`)
process.exitCode = failed === 0 && storms > 0 ? 0 : 1
