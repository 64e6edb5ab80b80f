/** `npm run faults -- --seeds 200 --seed 7`: plays on real threads whose books are kept; ends with 1 when they do not balance. */
import * as Effect from "effect/Effect"
import { parseArgs } from "node:util"
import { play } from "./play.ts"

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "20" },
    seed: { type: "string", default: "1" }
  }
})
const first = Number(values.seed)
const seeds = Number(values.seeds)
if (!Number.isInteger(first) || !(Number.isInteger(seeds) && seeds > 0)) {
  throw new Error(`--seed ${values.seed} --seeds ${values.seeds}: give whole numbers, and at least one seed`)
}

let failed = 0
for (let seed = first; seed < first + seeds; seed++) {
  const { faults, handedBack, handled, late, lost, sent, setAside, wrong } = await Effect.runPromise(play(seed))
  const injected = Object.entries(faults).map(([name, count]) => `${name} ${count}`).join(", ") || "none"
  const books =
    `sent ${sent} = handled ${handled} + handed back ${handedBack} + set aside ${setAside} + late ${late} + lost with a thread ${lost}`
  console.log(`seed ${seed}  faults: ${injected}  ${books}`)
  for (const each of wrong) console.log(`  WRONG ${each}`)
  if (wrong.length > 0) failed++
}
console.log(failed === 0 ? `faults: ${seeds} seeds ok` : `faults: ${failed} of ${seeds} seeds failed`)
process.exitCode = failed === 0 ? 0 : 1
