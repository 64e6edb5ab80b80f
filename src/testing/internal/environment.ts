/**
 * What a command line says to a check, and where it leaves the recording of a run that failed.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seedText } from "../Recording.ts"

/** What the environment says. */
export interface Given {
  readonly seed: string | undefined
  readonly seeds: number | undefined
  /** The text of a recording. */
  readonly replay: string | undefined
}

/** See the module. */
export const read = (): Given => {
  const { SIM_REPLAY, SIM_SEED, SIM_SEEDS } = process.env
  return {
    seed: SIM_SEED,
    seeds: SIM_SEEDS === undefined ? undefined : Number(SIM_SEEDS),
    replay: SIM_REPLAY === undefined ? undefined : readFileSync(SIM_REPLAY, "utf8")
  }
}

/** Writes a recording; answers where it lies, if it could be written. */
export const write = (seed: number, recording: string): string | undefined => {
  const file = join(tmpdir(), `sim-${seedText(seed).slice(2)}.json`)
  try {
    writeFileSync(file, recording)
    return file
  } catch {
    return undefined
  }
}
