/**
 * The digests of all files of a folder, on all cores, with a progress bar on a terminal while it goes.
 *
 * Output:
 *
 *     every file has its digest, in the order of the files
 *     two files more: the others are done, and of these: ENOENT, EISDIR
 *     the first three as a stream: as before
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import { Pool, Progress } from "shared-nothing"
import { Digests } from "./protocol.ts"

const folder = fileURLToPath(new URL("../../src", import.meta.url))
const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .map((name) => join(folder, name))
  .filter((file) => statSync(file).isFile())
  .toSorted()

const plain = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex")

const isRight = (digests: Iterable<string>) => [...digests].every((digest, i) => digest === plain(files[i]!))

const draw = (line: string) => void (process.stderr.isTTY && process.stderr.write(`\r${line} `))

const program = Effect.gen(function*() {
  const pool = yield* Pool.ref(Digests)
  const digest = (file: string) => pool.ask.Sha256({ file })

  const progress = yield* Progress.make
  const screen = yield* Progress.changes(progress, "50 millis").pipe(
    Stream.runForEach((now) => Effect.sync(() => draw(Progress.bar(now)))),
    Effect.forkChild
  )
  const digests = yield* Pool.forEach(pool, files, digest, { progress })
  yield* Fiber.join(screen)
  const answer = digests.length === files.length && isRight(digests)
    ? "every file has its digest"
    : "something is wrong"
  yield* Console.log(`${answer}, in the order of the files`)

  const [done, failed] = yield* Pool.partition(pool, [...files, join(folder, "nowhere.ts"), folder], digest)
  const why = failed.map((error) => error._tag === "Unreadable" ? error.why : error._tag)
  yield* Console.log(
    `two files more: ${isRight(done) ? "the others are done" : "wrong"}, and of these: ${why.join(", ")}`
  )

  // As much is read ahead as workers need, however many there are.
  const first = yield* Stream.runCollect(Stream.take(Pool.map(pool, files, digest), 3))
  yield* Console.log(`the first three as a stream: ${isRight(first) ? "as before" : "wrong"}`)
})

const DigestsPool = Pool.layer(Digests, { spawn: () => new Worker(new URL("./worker.ts", import.meta.url)) })

await Effect.runPromise(program.pipe(Effect.provide(DigestsPool)))
