/**
 * Explores every model and every broken variant; prints one line when all is as it must be.
 *
 * `node test/model/run.ts` — `-v` tells the schedules of each, `--deep` allows one preemption more.
 */
import { explore } from "./explore.ts"
import { loader } from "./gate.ts"
import { broken, models } from "./programs/index.ts"

const verbose = process.argv.includes("-v")
const more = process.argv.includes("--deep") ? 1 : 0
const failures: Array<string> = []
let schedules = 0
let caught = 0

for (const model of models) {
  const name = `${model.structure}, ${model.scenario}`
  const outcome = explore(await model.prepare(loader()), model.preemptions + more)
  schedules += outcome.schedules
  if (verbose) console.log(`${name}: ${outcome.schedules} schedules`)
  if (outcome.failure !== undefined) failures.push(`${name}: ${outcome.failure}`)
}
for (const variant of broken) {
  const outcome = explore(await variant.model.prepare(loader(variant.mutations)), variant.model.preemptions)
  if (verbose) console.log(`broken: ${variant.name}: ${outcome.failure ?? "NOT CAUGHT"} (${outcome.schedules})`)
  if (outcome.failure === undefined) failures.push(`not caught: ${variant.name}`)
  else caught++
}
for (const failure of failures) console.error(failure)
const verdict = failures.length === 0 ? "ok" : "FAILED"
console.log(
  `model: structures=${models.length} schedules=${schedules} broken_caught=${caught}/${broken.length} ${verdict}`
)
if (failures.length > 0) process.exitCode = 1
