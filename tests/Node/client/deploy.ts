// Deploys an image with the client that openapi-typescript makes of /openapi.json, waits for the end, and prints it as JSON.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };

type Plan = components["schemas"]["Plan"];

const [url, token, image, imageTag] = process.argv.slice(2) as [string, string, string, string];
const api = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });
const underWay: Plan["status"][] = ["pending", "queued", "running", "cancelling", "rolling_back"];

async function deploy(): Promise<Plan> {
  const { data, error } = await api.POST("/api/container-images/{id}/deploy", {
    params: { path: { id: image }, header: { "Idempotency-Key": `client-${imageTag}` } },
    body: { imageTag },
  });
  if (error) {
    throw new Error(`${error.code}: ${error.message}`);
  }
  return data.plan;
}

async function ended(id: string): Promise<Plan> {
  for (;;) {
    const { data, error } = await api.GET("/api/deployment-plans/{id}", { params: { path: { id }, header: { Prefer: "wait=60" } } });
    if (error) {
      throw new Error(`${error.code}: ${error.message}`);
    }
    if (data && !underWay.includes(data.plan.status)) {
      return data.plan;
    }
  }
}

const { status, imageDigest, counts, steps } = await ended((await deploy()).id);
console.log(JSON.stringify({ status, imageDigest, counts, steps: steps?.map((step) => step.status) }));
