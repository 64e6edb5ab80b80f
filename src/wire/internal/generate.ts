/**
 * The back end that generates source: one set of plain functions per schema, compiled by the engine like hand-written code.
 *
 * Functions take the views of the region as parameters, so that a codec serves any number of regions and the optimiser sees locals.
 */
import { boundFunction } from "./generateBound.ts"
import { readFunction } from "./generateRead.ts"
import { validFunction, writeFunction } from "./generateWrite.ts"
import type { Machine } from "./machine.ts"
import { Refused } from "./plan.ts"
import { MAX_DEPTH } from "./program.ts"
import type { Program } from "./program.ts"
import * as Runtime from "./runtime.ts"
import { Source } from "./source.ts"
import { readString, stringBound, stringEnd, writeRepeated, writeString } from "./strings.ts"

const helpers = { ...Runtime, readString, stringBound, stringEnd, writeRepeated, writeString }

/** A value that no schema produces: the place of a key that is absent. */
const Absent = Symbol("absent")

/** The source of a program and the objects it refers to. */
export const generateSource = (
  program: Program
): { readonly text: string; readonly tables: ReadonlyArray<unknown> } => {
  const source = new Source(program)
  const functions = program.blocks.flatMap((block) => [
    boundFunction(source, block),
    writeFunction(source, block),
    validFunction(source, block),
    readFunction(source, block)
  ])
  const root = source.block(program.root)
  const reset = program.recursive ? "D=0;X=false;" : ""
  const forget = program.passages ? "Q.clear();" : ""
  const rewind = program.passages ? "Q.rewind();" : ""
  const bound = program.fixedBytes === undefined
    ? `${reset}${forget}return b${root}(v)`
    : `return ${program.fixedBytes}`
  const write = `w${root}(v,o,i.i32,i.f64,i.u8)`
  return {
    tables: source.tables,
    text: withLocals([
      `let P=0,D=0,X=false;const M=${MAX_DEPTH};`,
      ...source.declarations,
      ...functions,
      `return{boundBytes(v){${bound}},`,
      program.passages
        ? `write(v,i,o){${reset}${rewind}const e=${write};${forget}return e},`
        : `write(v,i,o){${reset}return ${write}},`,
      `read(i,o,E){${reset}return r${root}(o,E<i.byteLength?E:i.byteLength,i.i32,i.f64,i.u8)},`,
      program.passages
        ? `isValid(v){${reset}${forget}return k${root}(v)}}`
        : `isValid(v){${reset}return k${root}(v)}}`
    ].join("\n"))
  }
}

// Calls go to constants of the factory rather than to properties of an object. The names of helpers never come from a schema, whose
// strings enter the source only inside of quotes, where a dot after H changes nothing but the text of an error.
const withLocals = (text: string): string => {
  const names = Object.keys(helpers).filter((name) => text.includes(`H.${name}(`))
  return `"use strict";` + names.map((name) => `const H${name}=H.${name};`).join("") +
    text.replaceAll(/\bH\.(\w+)\(/g, "H$1(")
}

/** Compiles a program to functions. Throws where the process forbids code from strings. */
export const generate = (program: Program): Machine => {
  const { tables, text } = generateSource(program)
  // oxlint-disable-next-line typescript/no-implied-eval -- generating code is what this back end is for; schemas enter it only as literals
  const factory = new Function("H", "T", "Q", "R", "A", text)
  return factory(helpers, tables, new Runtime.Passages(), Refused, Absent) as Machine
}

/** Whether this process allows code from strings; found out once. */
export const canGenerate: boolean = (() => {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- asks whether code from strings is allowed
    return new Function("return true")() === true
  } catch {
    return false
  }
})()
