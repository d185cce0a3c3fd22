-- What Envoy's Lua filter runs for every request and every answer. Its variables live as long as
-- this Envoy, and each worker thread has its own: that is why the gateway runs with one.
local BUDGET, SECONDS = 4000, 20 -- tokens for each team, in each window
local window, spent = 0, {}

function envoy_on_request(request)
  local team = request:headers():get("x-team")
  request:streamInfo():dynamicMetadata():set("budget", "team", team)
  local now = os.time()
  if math.floor(now / SECONDS) ~= window then
    window, spent = math.floor(now / SECONDS), {}
  end
  if (spent[team] or 0) >= BUDGET then
    local wait = (window + 1) * SECONDS - now
    local reason = "team %s has spent its %d tokens: new ones come in %d s\n"
    local headers = { [":status"] = "429", ["retry-after"] = tostring(wait) }
    request:respond(headers, reason:format(team, BUDGET, wait))
  end
end

function envoy_on_response(response)
  local kept = response:streamInfo():dynamicMetadata():get("budget")
  if not kept or response:headers():get(":status") ~= "200" then return end -- /health, refusals
  local team = kept["team"]
  local counted = 0
  for _ in response:bodyChunks() do -- about a token each: who leaves early has had these
    counted = counted + 1
    spent[team] = (spent[team] or 0) + 1
  end
  local usage = response:streamInfo():dynamicMetadata():get("answer") or {}
  local tokens = (usage["prompt_tokens"] or 0) + (usage["completion_tokens"] or 0)
  spent[team] = (spent[team] or 0) + math.max(0, tokens - counted)
end
