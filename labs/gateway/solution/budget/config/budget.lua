-- What Envoy's Lua filter runs for every request and every answer. Its variables live as long as
-- this Envoy, and each worker thread has its own: that is why the gateway runs with one.
local BUDGET, SECONDS = 4000, 20 -- tokens for each team, in each window
local HOLD = 600 -- tokens that a request has spent until it is known what it costs
local window, spent = 0, {}

function envoy_on_request(request)
  local team = request:headers():get("x-team")
  local now = os.time()
  if math.floor(now / SECONDS) ~= window then
    window, spent = math.floor(now / SECONDS), {}
  end
  if (spent[team] or 0) >= BUDGET then
    local wait = (window + 1) * SECONDS - now
    local reason = "team %s has spent its %d tokens: new ones come in %d s\n"
    local headers = { [":status"] = "429", ["retry-after"] = tostring(wait) }
    return request:respond(headers, reason:format(team, BUDGET, wait))
  end
  spent[team] = (spent[team] or 0) + HOLD
  local kept = request:streamInfo():dynamicMetadata()
  kept:set("budget", "team", team)
  kept:set("budget", "window", window)
end

function envoy_on_response(response)
  local kept = response:streamInfo():dynamicMetadata():get("budget")
  if not kept then return end -- nothing was let in: /health, and who was refused
  local answered = response:headers():get(":status") == "200"
  local counted = 0
  for _ in response:bodyChunks() do -- about a token each: without `usage` these are paid
    counted = counted + 1
  end
  local usage = response:streamInfo():dynamicMetadata():get("answer") or {}
  local tokens = (usage["prompt_tokens"] or 0) + (usage["completion_tokens"] or 0)
  -- Who left has not come this far, and who came in another window is not settled: what was held
  -- is what they pay.
  if kept["window"] ~= window then return end
  local team = kept["team"]
  spent[team] = spent[team] - HOLD + (answered and math.max(tokens, counted) or 0)
end
