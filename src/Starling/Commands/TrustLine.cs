using System;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Starling.Core.Primitives;
using Starling.Core.Verification;

namespace Starling.Commands;

/// <summary>What <c>starling trust</c> says of one identity.</summary>
/// <param name="Key">Its public key in hexadecimal.</param>
/// <param name="Score">1 more for each confirmed result, a third less for each refuted one.</param>
/// <param name="Confirmed">Results of it that were confirmed here.</param>
/// <param name="Refuted">Results of it that turned out wrong.</param>
/// <param name="Weight">What one of its attestations counts.</param>
/// <param name="Standing"><c>stranger</c>, <c>known</c>, <c>probation</c>, <c>outcast</c>, <c>allowed</c> or <c>denied</c>.</param>
/// <param name="Why">The same in words.</param>
/// <param name="Last">When something was last learnt or decided about it, Unix seconds.</param>
internal sealed record TrustLine(string Key, double Score, int Confirmed, int Refuted, double Weight, string Standing, string Why, long Last)
{
    public static TrustLine Of(PublicKey worker, StandingRecord record, DateTimeOffset last)
    {
        var standing = new Standing(record);
        (string word, string why) = record.Override switch
        {
            StandingOverride.Allow => ("allowed", "you said that its word is enough"),
            StandingOverride.Deny => ("denied", "you said that its word counts for nothing"),
            _ when standing.IsOutcast => ("outcast", $"{standing.Refuted} of its results were wrong: its word counts for nothing"),
            _ when standing.Probation > 0 => ("probation", $"a result of it was wrong: {standing.Probation} more have to be confirmed until it is more than a stranger"),
            _ when standing.IsKnown => ("known", $"{standing.Confirmed} of its results were confirmed here: it may confirm strangers"),
            _ => ("stranger", $"fewer than {Core.Verification.Standing.KnownFrom} of its results were confirmed here"),
        };
        return new TrustLine(
            worker.ToString(), Math.Round(standing.Score, 2), standing.Confirmed, standing.Refuted, Math.Round(standing.Weight, 2), word, why, last.ToUnixTimeSeconds());
    }

    public string ToJson() => JsonSerializer.Serialize(this, TrustJson.Default.TrustLine);

    public string ToText() => string.Create(
        CultureInfo.InvariantCulture, $"{Key}  {Standing,-9}  score {Score,8:F1}  {Confirmed,6} confirmed  {Refuted,4} refuted  {Why}");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TrustLine))]
internal sealed partial class TrustJson : JsonSerializerContext;
