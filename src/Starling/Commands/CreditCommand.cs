using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization;
using Starling.Core.Primitives;
using Starling.Runtime.Storage;

namespace Starling.Commands;

/// <summary><c>starling credit</c>: who did what in a task.</summary>
internal static class CreditCommand
{
    public static Command Build()
    {
        var folder = new Argument<string>("DIR") { Description = "the folder of a task: what 'starling run' made, or was given with --dir" };
        var json = new Option<bool>("--json") { Description = "print one JSON object a worker and line" };
        var csv = new Option<bool>("--csv") { Description = "print comma-separated values with a line of headings" };
        var command = new Command("credit", "Show who did what in a task, by the signed attestations in its folder.") { folder, json, csv };
        command.Validators.Add(result =>
        {
            if (result.GetValue(json) && result.GetValue(csv))
            {
                result.AddError("--json and --csv: choose one");
            }
        });
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(folder), parsed.GetValue(json), parsed.GetValue(csv), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(string folder, bool json, bool csv, TextWriter output, TextWriter error)
    {
        if (!TaskCredit.TryRead(folder, out TaskCredit? credit, out Problem? problem))
        {
            error.WriteLine($"starling credit: {problem}");
            return ExitCode.Failed;
        }

        if (csv)
        {
            output.WriteLine("worker,environment,credited,attested");
        }
        else if (!json)
        {
            output.WriteLine($"{credit.Task.Info.Name}: {credit.HeldPieces} of {credit.Task.Info.PieceCount} pieces are here");
        }

        foreach (WorkerCredit worker in credit.Workers)
        {
            output.WriteLine(
                csv ? string.Create(CultureInfo.InvariantCulture, $"{worker.Worker},\"{worker.EnvironmentClass.Replace("\"", "\"\"")}\",{worker.Credited},{worker.Attested}")
                : json ? JsonSerializer.Serialize(
                    new CreditLine(worker.Worker.ToString(), worker.EnvironmentClass, worker.Credited, worker.Attested), CreditJson.Default.CreditLine)
                : string.Create(CultureInfo.InvariantCulture, $"{worker.Worker}  {worker.Credited,6} credited of {worker.Attested,6} attested  {worker.EnvironmentClass}"));
        }

        return ExitCode.Done;
    }
}

/// <summary>One worker in the output for programs.</summary>
internal sealed record CreditLine(string Worker, string Environment, int Credited, int Attested);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CreditLine))]
internal sealed partial class CreditJson : JsonSerializerContext;
