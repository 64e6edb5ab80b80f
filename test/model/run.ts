/**
 * Explores every model and every broken variant; prints one line when all is as it must be.
 *
 * `node test/model/run.ts` — `-v` tells the schedules of each, `--deep` allows one preemption more.
 */
import { broken } from "./broken.ts"
import { explore } from "./explore.ts"
import { models, modules } from "./programs.ts"

const verbose = process.argv.includes("-v")
const more = process.argv.includes("--deep") ? 1 : 0
const failures: Array<string> = []
let schedules = 0
let caught = 0

const sound = await modules()
for (const model of models) {
  const outcome = explore(() => model.make(sound, {}), model.preemptions + more)
  schedules += outcome.schedules
  if (verbose) console.log(`${model.structure}: ${outcome.schedules} schedules`)
  if (outcome.failure !== undefined) failures.push(`${model.structure}: ${outcome.failure}`)
}
for (const variant of broken) {
  const mutated = variant.mutations === undefined ? sound : await modules(variant.mutations)
  const outcome = explore(() => variant.model.make(mutated, variant.misuse ?? {}), variant.model.preemptions)
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
