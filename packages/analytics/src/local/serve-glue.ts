import { AwsError, type AwsJsonServer, startAwsJsonServer } from "./aws-json-server.ts";

/** A table as Glue is given one. */
export interface AnyTableInput {
  readonly Name: string;
  readonly StorageDescriptor: object;
}

interface OfTable {
  readonly DatabaseName: string;
  readonly Name: string;
  readonly TableName?: string;
  readonly TableInput?: AnyTableInput;
}

/**
 * A Glue catalog in memory, as far as Trino asks for one: it keeps each TableInput as it was given, so that what is queried
 * here is what the template deploys.
 */
export function serveGlue(): Promise<AwsJsonServer> {
  const databases = new Map<string, Map<string, object>>();
  const tablesOf = (name: string): Map<string, object> => found(databases.get(name), `database ${name}`);
  const put = ({ DatabaseName, TableInput }: OfTable): void => {
    if (TableInput === undefined) throw new AwsError("InvalidInputException", "there is no TableInput");
    const now = Date.now() / 1000;
    const StorageDescriptor = { NumberOfBuckets: 0, ...TableInput.StorageDescriptor };
    const table = { ...TableInput, StorageDescriptor, DatabaseName, CreateTime: now, UpdateTime: now };
    tablesOf(DatabaseName).set(TableInput.Name, table);
  };
  return startAwsJsonServer({
    CreateDatabase({ DatabaseInput }: { DatabaseInput: { Name: string } }) {
      if (databases.has(DatabaseInput.Name)) throw new AwsError("AlreadyExistsException", "the database is there");
      databases.set(DatabaseInput.Name, new Map());
    },
    GetDatabase({ Name }: { Name: string }) {
      tablesOf(Name);
      return { Database: { Name } };
    },
    GetDatabases: () => ({ DatabaseList: [...databases.keys()].map((Name) => ({ Name })) }),
    CreateTable(input: OfTable) {
      const name = input.TableInput?.Name ?? "";
      if (tablesOf(input.DatabaseName).has(name))
        throw new AwsError("AlreadyExistsException", `table ${name} is there`);
      put(input);
    },
    UpdateTable: put,
    DeleteTable({ DatabaseName, Name }: OfTable) {
      if (!tablesOf(DatabaseName).delete(Name)) throw new AwsError("EntityNotFoundException", `no table ${Name}`);
    },
    GetTable: ({ DatabaseName, Name }: OfTable) => ({
      Table: found(tablesOf(DatabaseName).get(Name), `table ${Name}`),
    }),
    GetTables: ({ DatabaseName }: OfTable) => ({ TableList: [...tablesOf(DatabaseName).values()] }),
    GetPartitions: () => ({ Partitions: [] }),
    BatchGetPartition: () => ({ Partitions: [], UnprocessedKeys: [] }),
    // A table that a query makes is asked for what is known of it.
    GetColumnStatisticsForTable: () => ({ ColumnStatisticsList: [], Errors: [] }),
    UpdateColumnStatisticsForTable: () => ({ Errors: [] }),
    GetUserDefinedFunctions: () => ({ UserDefinedFunctions: [] }),
  });
}

function found<T>(one: T | undefined, what: string): T {
  if (one === undefined) throw new AwsError("EntityNotFoundException", `there is no ${what}`);
  return one;
}
