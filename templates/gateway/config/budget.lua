-- What Envoy's Lua filter runs for every request and every answer, once config/envoy.yaml names
-- this file. Its variables live as long as this Envoy, and each worker thread has its own: that is
-- why the gateway runs with one.
local BUDGET, SECONDS = 4000, 20 -- tokens for each team, in each window

function envoy_on_request(request)
  local team = request:headers():get("x-team")
  -- return request:respond({ [":status"] = "418", ["retry-after"] = "1" }, "a reason in words")
  -- An answer does not know what was asked: what it needs is kept with the request.
  request:streamInfo():dynamicMetadata():set("budget", "team", team)
end

function envoy_on_response(response)
  local kept = response:streamInfo():dynamicMetadata():get("budget")
  if not kept then return end -- nothing was let in: /health, and who was refused
  local team = kept["team"]
  for _ in response:bodyChunks() do
  end -- the body has passed, and what the other filters found in it is known
  local usage = response:streamInfo():dynamicMetadata():get("answer") or {}
  local tokens = (usage["prompt_tokens"] or 0) + (usage["completion_tokens"] or 0)
end
