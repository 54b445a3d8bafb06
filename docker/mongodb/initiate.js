// Make the replica set of compose.yaml and the product's user, where they are not there yet (mongosh).
const fs = require("fs");

const secret = (name) => fs.readFileSync(`/run/secrets/${name}`, "utf8").trim();
const MEMBERS = ["mongodb-1:27017", "mongodb-2:27017", "mongodb-3:27017"];
const NOT_YET_INITIALIZED = 94;

function connectAsRoot(address) {
  const password = encodeURIComponent(secret("mongodb_root_password"));
  return connect(`mongodb://root:${password}@${address}&authSource=admin`);
}

const first = connectAsRoot(`${MEMBERS[0]}/admin?directConnection=true`);
try {
  first.adminCommand({ replSetGetStatus: 1 });
} catch (error) {
  if (error.code !== NOT_YET_INITIALIZED) throw error;
  // The first has the users already, so it has to begin; the others copy it.
  const members = MEMBERS.map((host, index) => ({ _id: index, host, priority: index === 0 ? 2 : 1 }));
  first.adminCommand({ replSetInitiate: { _id: "scriptorium", members } });
}

// Waits for a primary by itself, as every client does.
const admin = connectAsRoot(`${MEMBERS.join(",")}/admin?replicaSet=scriptorium`);
const database = admin.getSiblingDB("scriptorium");
if (database.getUser("scriptorium") === null) {
  database.createUser({
    user: "scriptorium",
    pwd: secret("mongodb_password"),
    roles: [{ role: "readWrite", db: "scriptorium" }],
  });
}
print("The replica set and the user are there.");
