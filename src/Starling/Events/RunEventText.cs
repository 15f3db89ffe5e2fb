using System;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Starling.Events;

/// <summary>One event as one line of JSON, and back.</summary>
internal static class RunEventText
{
    /// <summary>Characters of a line that is read at most: events are small, the tail of a standard error is the longest part.</summary>
    public const int MaxLineLength = 256 * 1024;

    // Commands and magnet links are read by people: & and ' stay what they are. The output is a stream of lines, not a part of a web page.
    private static readonly RunEventJson Context = new(
        new JsonSerializerOptions(RunEventJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static string Write(RunEvent runEvent) => JsonSerializer.Serialize(runEvent, Context.RunEvent);

    public static bool TryRead(string line, out RunEvent? runEvent)
    {
        runEvent = null;
        if (line.Length > MaxLineLength || !line.StartsWith('{'))
        {
            return false;
        }

        try
        {
            runEvent = JsonSerializer.Deserialize(line, Context.RunEvent);
            return runEvent is not null;
        }
        catch (JsonException)
        {
            return false;
        }
        catch (NotSupportedException)
        {
            return false;
        }
    }
}
