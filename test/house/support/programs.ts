/** Writes fences to disk as programs, compiles all of them in one call of tsc, and runs one. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import type { Ran } from "../../../scripts/process.ts"
import { root, run } from "../../../scripts/process.ts"
import type { Fence } from "./fences.ts"
import { fileOf, folderOf, printingCode, runFileOf } from "./fences.ts"

const pathOf = (folder: string, fence: Fence): string => join(folder, folderOf(fence.document), fileOf(fence))

/**
 * Writes every TypeScript fence that is not repeated from a file. The folder lies inside the repository, so that the
 * programs import the package by its name.
 */
export const writePrograms = (folder: string, fences: ReadonlyArray<Fence>): void => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const fence of fences) {
    if (fence.language !== "ts" || fence.from !== undefined) continue
    const path = pathOf(folder, fence)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${fence.code}\n`)
    if (fence.runs) writeFileSync(join(dirname(path), runFileOf(fence)), `${printingCode(fence.code)}\n`)
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: `${relative(folder, root)}/tsconfig.json`,
      compilerOptions: { noUnusedLocals: false },
      include: ["**/*.ts"],
      exclude: ["**/*.run.ts"]
    })
  )
}

/** Compiles the programs; answers with the complaints, each at the place in the document it comes from. */
export const compilePrograms = async (
  folder: string,
  fences: ReadonlyArray<Fence>
): Promise<ReadonlyArray<string>> => {
  const ran = await run(["tsc", "-p", join(folder, "tsconfig.json"), "--pretty", "false"])
  const places = new Map(fences.map((fence) => [relative(root, pathOf(folder, fence)), fence]))
  const complaints = ran.stdout.split("\n").filter((line) => line !== "").map((line) => {
    const error = /^(.+?)\((\d+),\d+\): (.*)$/.exec(line)
    const fence = error === null ? undefined : places.get(error[1]!)
    return error === null || fence === undefined
      ? line
      : `${fence.document}:${fence.line + Number(error[2])} ${error[3]}`
  })
  return ran.code === 0 || complaints.length > 0 ? complaints : [ran.output]
}

/** Runs the program of one fence with the pinned Node and src behind the package's name. */
export const runProgram = (folder: string, fence: Fence): Promise<Ran> =>
  run(["node", "--conditions=source", join(dirname(pathOf(folder, fence)), runFileOf(fence))], { timeoutSeconds: 60 })
