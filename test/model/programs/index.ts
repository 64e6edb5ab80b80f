/**
 * All programs, by the structure they prove. A new structure adds its file here.
 */
import * as allowances from "./allowances.ts"
import * as arena from "./arena.ts"
import * as arenaNumbers from "./arenaNumbers.ts"
import * as blockingWait from "./blockingWait.ts"
import * as broadcastRing from "./broadcastRing.ts"
import * as counters from "./counters.ts"
import * as doorbell from "./doorbell.ts"
import * as idleSet from "./idleSet.ts"
import * as inboxes from "./inboxes.ts"
import * as jobTable from "./jobTable.ts"
import * as keyHolds from "./keyHolds.ts"
import * as laneWords from "./laneWords.ts"
import * as mpmcRing from "./mpmcRing.ts"
import * as mpscRing from "./mpscRing.ts"
import * as pool from "./pool.ts"
import type { Broken, Model } from "./program.ts"
import * as readySet from "./readySet.ts"
import * as roster from "./roster.ts"
import * as spscRing from "./spscRing.ts"
import * as stealDeque from "./stealDeque.ts"
import * as waitList from "./waitList.ts"

interface Proof {
  readonly models: ReadonlyArray<Model>
  readonly broken: ReadonlyArray<Broken>
}

const proofs: ReadonlyArray<Proof> = [
  spscRing,
  mpscRing,
  mpmcRing,
  broadcastRing,
  stealDeque,
  arena,
  arenaNumbers,
  doorbell,
  waitList,
  readySet,
  roster,
  laneWords,
  blockingWait,
  counters,
  jobTable,
  idleSet,
  inboxes,
  keyHolds,
  allowances,
  pool
]

/** The programs that must hold under every schedule. */
export const models: ReadonlyArray<Model> = proofs.flatMap((proof) => proof.models)

/** The programs that must fail under some schedule. */
export const broken: ReadonlyArray<Broken> = proofs.flatMap((proof) => proof.broken)
