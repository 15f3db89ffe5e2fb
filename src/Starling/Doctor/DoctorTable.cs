using System.Collections.Generic;
using System.IO;
using System.Linq;
using Spectre.Console;
using Starling.Runtime.Doctor;

namespace Starling.Doctor;

/// <summary>The findings on a terminal: a table, and below it what to do, so that commands to be copied stay whole.</summary>
internal static class DoctorTable
{
    public static void Write(IAnsiConsole console, TextWriter writer, IReadOnlyList<Finding> findings)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("", "check", "seen");
        string previous = "";
        foreach (Finding finding in findings)
        {
            (string sign, string colour) = finding.Health switch
            {
                Health.Ok => ("ok", "green"),
                Health.Warning => ("warning", "yellow"),
                _ => ("FAILED", "red"),
            };
            table.AddRow(
                new Markup($"[{colour}]{sign}[/]"),
                new Text(finding.Check == previous ? "" : finding.Check),
                new Text(finding.Subject.Length > 0 ? $"{finding.Subject}: {finding.Seen}" : finding.Seen));
            previous = finding.Check;
        }

        console.Write(table);
        foreach (IGrouping<string, Finding> fix in findings.Where(finding => finding.Fix.Length > 0).GroupBy(finding => finding.Fix))
        {
            // Not through the console's wrapping: what is to be copied stays one line.
            writer.WriteLine($"{string.Join(", ", fix.Select(finding => $"{finding.Check}, {finding.Subject}"))}: {fix.Key}");
        }
    }
}
