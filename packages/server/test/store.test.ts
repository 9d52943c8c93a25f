import { createDynamoStore } from "../src/store/dynamodb-store.ts";
import { createMemoryStore } from "../src/store/memory.ts";
import { storeContract } from "./store-contract.ts";
import { entryChangesContract } from "./store-entry-changes.ts";
import { settingsContract } from "./store-settings.ts";
import { testTables } from "./store-tables.ts";

storeContract("the store in memory", async () => createMemoryStore());
storeContract("the store in DynamoDB", async () => createDynamoStore(await testTables()));

entryChangesContract("the store in memory", async () => createMemoryStore());
entryChangesContract("the store in DynamoDB", async () => createDynamoStore(await testTables()));

settingsContract("the store in memory", async () => createMemoryStore());
settingsContract("the store in DynamoDB", async () => createDynamoStore(await testTables()));
