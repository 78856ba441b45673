import { CALIBRATION_OPTIONS, CONVERT_OPTIONS, convertOptions } from '../../src/convert/option-schema.js';
import type { ConvertOptions } from '../../src/convert/types.js';
import { type Given, type Option, parseText, pick, type Schema } from '../../src/option-schema.js';
import { type Choice, select } from '../shared/controls.js';

const OPTIONS = { ...CONVERT_OPTIONS, ...CALIBRATION_OPTIONS } as const;
const SCHEMA: Schema = OPTIONS;
/** The value in a drop-down list that leaves an option out. */
const NONE = 'auto';

/** One drop-down list of the form. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  readonly choices: readonly Choice[];
  readonly chosen: string;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function choicesOf(option: Option): readonly Choice[] {
  const { presets = [], text } = option.page!;
  const values = option.kind === 'choice' ? option.choices : presets;
  const none: readonly Choice[] = 'default' in option ? [] : [[NONE, capital(option.otherwise!)]];
  return [...none, ...values.map(String).map((value): Choice => [value, text?.(value) ?? capital(value)])];
}

/** The form in words: options of a conversion that the page asks for. */
export function formFields(): readonly Field[] {
  return Object.entries(SCHEMA).flatMap(([name, option]) => {
    if (!option.page) return [];
    const chosen = option.page.chosen ?? ('default' in option ? option.default : NONE);
    const { label } = option.page;
    return [{ name, label, help: capital(option.help), choices: choicesOf(option), chosen: String(chosen) }];
  });
}

/** Fills the form with the choices of a conversion. */
export function showOptions(form: HTMLElement): void {
  form.replaceChildren(
    ...formFields().map(({ name, label, help, choices, chosen }) => {
      const field = select(name, label, choices, { chosen });
      // The list is described by it, and a pointer shows it.
      field.querySelector('select')!.title = help;
      return field;
    }),
  );
}

/** What the form says, by what each field says. `layers` and `exclude` come from the table of layers. */
export function readFields(textOf: (name: string) => string): {
  readonly options: ConvertOptions;
  readonly samples: number;
} {
  const entries = formFields().map(({ name }) => [name, textOf(name)] as const);
  const values: Given<typeof OPTIONS> = Object.fromEntries(
    entries.filter(([, text]) => text !== NONE).map(([name, text]) => [name, parseText(SCHEMA[name]!, text)]),
  );
  return { options: convertOptions(pick(CONVERT_OPTIONS, values)), samples: values.samples! };
}

/** What the form says. */
export function readOptions(form: HTMLElement): ReturnType<typeof readFields> {
  return readFields((name) => form.querySelector<HTMLSelectElement>(`[name=${name}]`)!.value);
}
