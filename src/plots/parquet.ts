/** A column of a table for other programs: one value a row, null where there is none. */
export interface DataColumn {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'flag';
  readonly values: readonly (string | number | boolean | null)[];
}

/** What `hyparquet-writer` gives. */
interface Writer {
  readonly parquetWriteBuffer: (table: {
    readonly columnData: readonly {
      readonly name: string;
      readonly data: readonly unknown[];
      readonly type: 'STRING' | 'DOUBLE' | 'BOOLEAN';
      readonly nullable: boolean;
    }[];
  }) => ArrayBuffer;
}

const types = { text: 'STRING', number: 'DOUBLE', flag: 'BOOLEAN' } as const;

/** The columns as an Apache Parquet file, which pandas, DuckDB, Arrow and R read. Numbers are doubles. */
export function parquetBytes(columns: readonly DataColumn[]): Buffer {
  const { parquetWriteBuffer } = require('hyparquet-writer') as Writer;
  return Buffer.from(
    parquetWriteBuffer({
      columnData: columns.map(({ name, kind, values }) => ({
        name,
        data: kind === 'text' ? values.map((value) => (value === null ? null : String(value))) : values,
        type: types[kind],
        nullable: true,
      })),
    }),
  );
}
