using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Starling.Runtime.Doctor;

namespace Starling.Doctor;

/// <summary>One line of <c>doctor --json</c>: <c>check</c> for each finding, <c>checked</c> at the end.</summary>
internal sealed record DoctorEvent
{
    public required string Event { get; init; }

    /// <summary>Seconds since the process started.</summary>
    public double At { get; init; }

    public string? Check { get; init; }

    public string? Subject { get; init; }

    /// <summary><c>ok</c>, <c>warning</c> or <c>failed</c>.</summary>
    public string? Result { get; init; }

    public string? Seen { get; init; }

    public string? Fix { get; init; }

    public int? Ok { get; init; }

    public int? Warnings { get; init; }

    public int? Failed { get; init; }

    public static DoctorEvent Of(Finding finding) => new()
    {
        Event = "check",
        Check = finding.Check,
        Subject = finding.Subject.Length > 0 ? finding.Subject : null,
        Result = WordOf(finding.Health),
        Seen = finding.Seen,
        Fix = finding.Fix.Length > 0 ? finding.Fix : null,
    };

    public static string WordOf(Health health) => health switch
    {
        Health.Ok => "ok",
        Health.Warning => "warning",
        _ => "failed",
    };
}

/// <summary>Writes events without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DoctorEvent))]
internal sealed partial class DoctorEventJson : JsonSerializerContext;

/// <summary>One event as one line of JSON.</summary>
internal static class DoctorEventText
{
    // Read by people too: signs of addresses and commands stay what they are.
    private static readonly DoctorEventJson Context = new(
        new JsonSerializerOptions(DoctorEventJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static string Write(DoctorEvent happened) => JsonSerializer.Serialize(happened, Context.DoctorEvent);
}
