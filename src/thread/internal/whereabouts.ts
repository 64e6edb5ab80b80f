/**
 * Where a thread is that makes no progress: the engine's debugger stops it for a moment, in an endless loop as well as asleep, and says
 * what is on its stack.
 *
 * The session is one within this process: nothing listens, and no other thread is stopped.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Inspector from "node:inspector"
import type { SpawnedWorker } from "../SpawnedWorker.ts"

// A Node that was built without the inspector has no such module.
const inspector = process.getBuiltinModule("node:inspector") as typeof Inspector | undefined

/** How long the end of the thread may be put off for that. */
const LIMIT = Duration.seconds(1)

interface CallFrame {
  readonly functionName: string
  readonly location: { readonly scriptId: string; readonly lineNumber: number }
}

/** The innermost function on a stack that is not Node's own, with its file and line; `undefined` when there is none. */
export const innermost = (
  frames: ReadonlyArray<CallFrame>,
  files: ReadonlyMap<string, string>
): string | undefined => {
  for (const { functionName, location: { lineNumber, scriptId } } of frames) {
    const file = files.get(scriptId)
    if (file === undefined || file === "" || file.startsWith("node:")) continue
    return `${functionName === "" ? "a function" : functionName} (${file}:${lineNumber + 1})`
  }
  return undefined
}

// A worker of Node has limits; a stand-in has no thread that could be looked at.
const isReal = (worker: SpawnedWorker): boolean => "resourceLimits" in worker

/** Answers within a second; `undefined` where nothing can be seen. */
export const whereabouts = (worker: SpawnedWorker, clock: Clock.Clock): Effect.Effect<string | undefined> => {
  if (inspector === undefined || !isReal(worker)) return Effect.undefined
  const { Session } = inspector
  const looked = Effect.callback<string | undefined>((resume) => {
    const session = new Session()
    try {
      session.connect()
      // A thread that is stopped goes on only when it is told to, and cannot even be terminated before: the session stays until it has
      // gone on, however late that is, or has ended.
      worker.on("exit", () => session.disconnect())
      look(session, worker.threadId, (where) => {
        session.disconnect()
        resume(Effect.succeed(where))
      })
    } catch {
      session.disconnect()
      resume(Effect.undefined)
    }
  })
  return Effect.raceFirst(looked, Effect.as(clock.sleep(LIMIT), undefined))
}

interface Attached {
  readonly params: { readonly sessionId: string; readonly workerInfo: { readonly title: string } }
}

interface Received {
  readonly params: { readonly sessionId: string; readonly message: string }
}

const look = (session: Inspector.Session, threadId: number, done: (where: string | undefined) => void): void => {
  const files = new Map<string, string>()
  let sessionId: string | undefined
  let where: string | undefined
  session.on("NodeWorker.attachedToWorker", ({ params }: Attached) => {
    // Their ids are of the session; the number of the thread is in the title.
    if (!params.workerInfo.title.startsWith(`[worker ${threadId}]`)) return
    sessionId = params.sessionId
    for (const [id, method] of ["Debugger.enable", "Debugger.pause"].entries()) {
      session.post("NodeWorker.sendMessageToWorker", { sessionId, message: JSON.stringify({ id, method }) })
    }
  })
  session.on("NodeWorker.receivedMessageFromWorker", ({ params }: Received) => {
    if (params.sessionId !== sessionId) return
    const { method, params: said } = JSON.parse(params.message) as {
      readonly method?: string
      readonly params?: {
        readonly callFrames?: ReadonlyArray<CallFrame>
        readonly scriptId?: string
        readonly url?: string
      }
    }
    if (method === "Debugger.scriptParsed") return void files.set(said!.scriptId!, said!.url!)
    if (method === "Debugger.resumed") return done(where)
    if (method !== "Debugger.paused") return
    // It may be about to go on by itself.
    where = innermost(said!.callFrames!, files)
    session.post("NodeWorker.sendMessageToWorker", {
      sessionId: params.sessionId,
      message: JSON.stringify({ id: 2, method: "Debugger.resume" })
    })
  })
  session.post("NodeWorker.enable", { waitForDebuggerOnStart: false })
}
