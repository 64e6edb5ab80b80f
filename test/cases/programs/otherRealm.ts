/**
 * Some test runners evaluate modules in a context of `node:vm`, whose `Error`, `SharedArrayBuffer` and the like are others than those of
 * the values that Node itself makes. The library is loaded in such a context and asks an actor on a thread.
 *
 * Output:
 *
 *     answered
 */
import { readFileSync } from "node:fs"
import { createRequire, stripTypeScriptTypes } from "node:module"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as vm from "node:vm"
import { isMainThread, Worker } from "node:worker_threads"

const inside = `
  import * as Effect from "effect/Effect"
  import * as Rpc from "effect/rpc/Rpc"
  import * as Schema from "effect/Schema"
  import { Actor, ActorSystem } from "shared-nothing"
  const Echo = Actor.make("Echo", [Rpc.make("Ping", { success: Schema.Int })])
  const program = Effect.gen(function*() {
    const echo = yield* Echo.spawn("echo")
    const exit = yield* Effect.exit(echo.ask.Ping(undefined, { timeout: "5 seconds" }))
    console.log(exit._tag === "Success" ? "answered" : String(exit))
  })
  await Effect.runPromise(
    program.pipe(Effect.scoped, Effect.provide(ActorSystem.layerThreads({ threads: 1, spawn, readyTimeout: "1 minute" })))
  )
`

const shared = [
  "console",
  "Buffer",
  "performance",
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "clearImmediate",
  "queueMicrotask",
  "process",
  "URL",
  "TextEncoder",
  "TextDecoder",
  "structuredClone",
  "AbortController",
  "AbortSignal"
] as const

const evaluateInside = async (spawn: () => Worker): Promise<void> => {
  const globals = globalThis as unknown as Record<string, unknown>
  const context = vm.createContext({ spawn, ...Object.fromEntries(shared.map((name) => [name, globals[name]])) })
  const modules = new Map<string, vm.Module>()
  const builtin = (specifier: string): vm.Module => {
    const real = createRequire(import.meta.url)(specifier) as Record<string, unknown>
    const names = [...new Set(["default", ...Object.keys(real)])]
    return new vm.SyntheticModule(
      names,
      function() {
        for (const name of names) this.setExport(name, name === "default" ? real : real[name])
      },
      { context }
    )
  }
  const load = (specifier: string, from: string): vm.Module => {
    if (specifier.startsWith("node:")) return builtin(specifier)
    const url = specifier.startsWith(".") ? new URL(specifier, from).href : import.meta.resolve(specifier)
    const known = modules.get(url)
    if (known !== undefined) return known
    const text = readFileSync(fileURLToPath(url), "utf8")
    const code = url.endsWith(".ts") ? stripTypeScriptTypes(text) : text
    const module = new vm.SourceTextModule(code, { context, identifier: url })
    modules.set(url, module)
    return module
  }
  const main = new vm.SourceTextModule(inside, { context, identifier: pathToFileURL("inside.mjs").href })
  await main.link((specifier, module) => load(specifier, module.identifier))
  await main.evaluate()
}

if (isMainThread) await evaluateInside(() => new Worker(new URL(import.meta.url), { stdout: true, stderr: true }))
else {
  const Effect = await import("effect/Effect")
  const Rpc = await import("effect/rpc/Rpc")
  const Schema = await import("effect/Schema")
  const { Actor, ActorThread } = await import("shared-nothing")
  const Echo = Actor.make("Echo", [Rpc.make("Ping", { success: Schema.Int })])
  ActorThread.launch(Echo.toLayer(Effect.succeed(Echo.of({ Ping: () => Effect.succeed(1) }))))
}
